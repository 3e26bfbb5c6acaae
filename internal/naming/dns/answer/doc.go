// Package answer answers DNS messages from the zones of a table.
//
//	responder := answer.New(zones, answer.Config{Transfer: …}, idleTimeout)
//	worker := responder.Worker(answer.UDP) // one for each goroutine
//	message, isSlow := worker.Handle(query, buffer, client, now)
//
// A worker answers plain queries without garbage. What needs all of a message
// parsed, which are signed messages (TSIG), NOTIFY and transfers, is for
// [Responder.HandleSlow].
package answer
