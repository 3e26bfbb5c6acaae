package domain

import (
	"net/netip"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// The messages are the contract's: clients compare them.
var (
	errDataBlank = apierr.Invalid("data", "Data can't be blank")
	errFinalDot  = apierr.Invalid("data", "Data needs to end with a dot (.)")
)

// addressData is the data of A and AAAA records. It is kept as it is given.
func addressData(version string, valid func(netip.Addr) bool) func(string, string, *string) (string, error) {
	return func(_, text string, _ *string) (string, error) {
		text = strings.TrimSpace(text)
		if text == "" {
			return "", errDataBlank
		}
		if address, err := netip.ParseAddr(text); err != nil || !valid(address) || address.Zone() != "" {
			return "", apierr.Invalid("data", "Data needs to be a valid %s address", version)
		}
		return text, nil
	}
}

// hostData is the data of records that lead to a host. A name with dots must
// end with one, because without it nobody can tell whether it is meant
// relative to the zone; a single label always is.
func hostData(zone, text string, _ *string) (string, error) {
	text = strings.TrimSpace(text)
	name, dotted := strings.CutSuffix(text, ".")
	switch {
	case text == "":
		return "", errDataBlank
	case text == apex || dotted && strings.EqualFold(name, zone):
		return apex, nil
	case name != "" && (dotted || strings.ContainsAny(name, ".:")) && isAddress(name):
		return "", apierr.Invalid("data", "Data needs to be a host name, not an IP address")
	case !dotted && strings.Contains(text, "."):
		return "", errFinalDot
	case !dotted:
		name += "." + zone
	}
	if problem := labelsProblem(strings.Split(name, ".")); problem != "" {
		return "", apierr.Invalid("data", "Data needs to be a valid host name: %s", problem)
	}
	if len(name) > maxName {
		return "", apierr.Invalid("data", "Data is too long: %d characters, the maximum is %d", len(name), maxName)
	}
	return name, nil
}

// isAddress reports whether a host name is none, but an IP address.
func isAddress(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil || isNumber(name[strings.LastIndexByte(name, '.')+1:])
}

// noHost is the data of records that say that there is no such service (RFC
// 2782, RFC 7505).
const noHost = "."

func hostOrNoneData(zone, text string, tag *string) (string, error) {
	if strings.TrimSpace(text) == noHost {
		return noHost, nil
	}
	return hostData(zone, text, tag)
}

// hostname is the full name that the data of a record means, without a final
// dot.
func hostname(zone, data string) string {
	switch data {
	case apex:
		return zone
	case noHost:
		return ""
	}
	return data
}
