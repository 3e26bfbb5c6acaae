// Package dnssec keeps the keys of signed zones and signs what is answered of
// them, or all of them for secondaries.
//
//	key, err := dnssec.Generate()
//	keys := dnssec.Sign(key, now)                  // a row of the database: the keys, Stage, Since, Switched
//	records := append(records, keys.Records(origin, ttl)...)
//	signer := dnssec.NewSigner(origin, keys, dnssec.Config{Cache: cache})
//	keys.DS(origin, ttl)                           // what the parent zone is to have
//	keys, err = keys.Roll(next, now)               // begins a rollover
//	keys, due = keys.Next(now, timing)             // and goes on with it
//	keys, err = keys.SawDS(now)                    // the parent has what DS says
//
// When keys have changed their stage, the zone is put with its new records and
// its new signer at once. Where they can only be put one after the other, the
// signer comes first while the stage is Published, so that nobody sees a key
// whose set it has not signed; else the records do. Both orders leave answers
// valid in between.
package dnssec
