// Package dnssec manages the keys of signed zones. It signs the answers from a zone,
// or the whole zone for secondaries.
//
//	key, err := dnssec.Generate()
//	keys := dnssec.Sign(key, now)                  // a row of the database: the keys, Stage, Since, Switched
//	records := append(records, keys.Records(origin, ttl)...)
//	signer := dnssec.NewSigner(origin, keys, dnssec.Config{Cache: cache})
//	keys.DS(origin, ttl)                           // the DS record for the parent zone
//	keys, err = keys.Roll(next, now)               // begins a rollover
//	keys, due = keys.Next(now, timing)             // continues it
//	keys, err = keys.SawDS(now)                    // the parent zone has the result of DS
//
// When the keys enter another stage, the name server gets the new records and the new
// signer at once. A server that can only take one after the other takes the signer
// first in the stage Published, so that every DNSKEY RRset is signed by all of its
// keys; in the other stages it takes the records first. Answers are valid in between.
package dnssec
