// Package dns is an authoritative name server: the sockets for UDP, TCP and TLS.
// The zones are in package zonedata, and package answer answers from them.
//
//	zones := zonedata.New()
//	server, err := dns.New(zones, dns.Config{Addresses: addresses, TLS: tls, TLSAddresses: …, Registry: registry})
//	err = zones.Put(zone.Zone{Origin: "example.com.", Records: records}) // before Start or after
//	err = server.Start()
//	err = zones.Apply(zone.Change{Origin: "example.com.", Removed: …, Added: …})
//	zones.Remove("example.com.")
//	err = server.Close()
//
// What others build on it:
//   - [answer.Config] has hooks. Transfer answers AXFR and IXFR from a
//     [zonedata.View]: all of a zone at one moment. Notify answers NOTIFY. TSIG
//     knows the keys. The server verifies and signs any message that comes
//     signed, also plain queries; the Key of a request says by whom.
//   - A [zone.Signer], a field of a zone, signs its answers for DNSSEC.
//     [zonedata.Table.SetSigner] replaces it without the zone being put again.
//   - DS, another field, is what the nearest zone above in the table answers for
//     it. For that zone, zones below are delegations, with NS records or not.
//     [zonedata.View.Copy] has these delegations as records, for servers without
//     the zones.
package dns
