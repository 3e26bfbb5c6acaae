// Package zonedb stores domains, their records and their signing keys. It owns the
// tables domains, domain_records, domain_keys and domain_serials: the API's side
// (package domain) and the name servers' side (package feed) both use them through
// this package.
package zonedb
