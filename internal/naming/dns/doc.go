// Package dns is an authoritative name server for zones in memory.
//
//	server, err := dns.New(dns.Config{Addresses: addresses, TLS: tls, TLSAddresses: …, Registry: registry})
//	err = server.Put(zone.Zone{Origin: "example.com.", Records: records}) // before Start or after
//	err = server.Start()
//	err = server.Apply(zone.Change{Origin: "example.com.", Removed: …, Added: …})
//	server.Remove("example.com.")
//	err = server.Close()
//
// When Put, Apply or Remove has returned, the next query is answered by it.
// Readers never wait for writers: a zone's contents are never changed, only
// replaced, and share what is equal.
//
// What others build on it:
//   - [Config.Transfer] answers AXFR and IXFR from a [View], which [Server.Zone]
//     returns: all of a zone at one moment.
//   - [Config.Notify] answers NOTIFY.
//   - [Config.TSIG] knows the keys. The server verifies and signs whatever
//     message comes signed, also plain queries; [Request.Key] says by whom.
//   - [zone.Signer], a field of a zone, signs its answers for DNSSEC;
//     [Server.SetSigner] replaces it without the zone being put again.
//   - DS, another field, is what the nearest of the server's zones above answers
//     for it: to that, zones below are delegations, with NS records or not.
//     [View.Copy] has these delegations as records, for servers without the zones.
package dns
