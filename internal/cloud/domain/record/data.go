package record

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

// addressData validates the data of A and AAAA records, which is stored as given.
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

// hostData validates the data of records that name a host. A name that contains
// dots must end with one: without it the name could be absolute or relative to the
// zone. A single label is relative.
func hostData(zone, text string, _ *string) (string, error) {
	text = strings.TrimSpace(text)
	name, dotted := strings.CutSuffix(text, ".")
	switch {
	case text == "":
		return "", errDataBlank
	case text == Apex || dotted && strings.EqualFold(name, zone):
		return Apex, nil
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

// isAddress reports whether a host name is really an IP address.
func isAddress(name string) bool {
	_, err := netip.ParseAddr(name)
	return err == nil || isNumber(name[strings.LastIndexByte(name, '.')+1:])
}

// noHost is the data of records that say that a service does not exist (RFC
// 2782, RFC 7505).
const noHost = "."

func hostOrNoneData(zone, text string, tag *string) (string, error) {
	if strings.TrimSpace(text) == noHost {
		return noHost, nil
	}
	return hostData(zone, text, tag)
}

// Hostname returns the absolute name that the data of a record stands for,
// without a final dot.
func Hostname(zone, data string) string {
	switch data {
	case Apex:
		return zone
	case noHost:
		return ""
	}
	return data
}

// CheckHost validates the host name of a name server.
func CheckHost(name string) error {
	_, err := hostData("invalid", name+".", nil)
	return err
}
