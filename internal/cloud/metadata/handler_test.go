package metadata_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/cloud/droplet"
	"github.com/rockpool-cloud/rockpool/internal/cloud/metadata"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// source has one droplet.
type source struct{}

func (source) Guest(ctx context.Context, id int64) (droplet.Guest, error) {
	if ctx.Err() != nil {
		return droplet.Guest{}, ctx.Err()
	}
	if id != 101 {
		return droplet.Guest{}, apierr.NotFound()
	}
	return droplet.Guest{
		Droplet: droplet.Droplet{ID: 101, Name: "web-1", Region: "nyc3", Tags: []string{"web", "blue"},
			PublicKeys: []string{"ssh-ed25519 AAAA a", "ssh-ed25519 BBBB b"}},
		UserData: "#!/bin/sh\necho <hi>\n",
		NIC:      compute.Interface{MAC: "06:00:00:00:00:65", Address: netip.MustParseAddr("127.18.0.7")},
		Network: compute.Guest{Address: netip.MustParsePrefix("172.16.254.15/24"), Gateway: netip.MustParseAddr("172.16.254.2"),
			Nameservers: []netip.Addr{netip.MustParseAddr("172.16.254.3")}},
	}, nil
}

func (source) View(ctx context.Context, d droplet.Droplet) (droplet.View, error) {
	return droplet.View{ID: d.ID, Name: d.Name}, ctx.Err()
}

func request(id int64, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	metadata.Handler(source{}, id, slog.New(slog.DiscardHandler)).ServeHTTP(w, r)
	return w
}

func TestEveryPathHasItsValue(t *testing.T) {
	for path, want := range map[string]string{
		"/metadata/":                                    "v1/",
		"/metadata/v1/":                                 "dns/\nfeatures/\nfloating_ip/\nhostname\nid\ninterfaces/\npublic-keys\nregion\nreserved_ip/\ntags/\nuser-data\nvendor-data",
		"/metadata/v1/id":                               "101",
		"/metadata/v1/hostname":                         "web-1",
		"/metadata/v1/region":                           "nyc3",
		"/metadata/v1/user-data":                        "#!/bin/sh\necho <hi>\n",
		"/metadata/v1/vendor-data":                      "#cloud-config\ndisable_root: false\nmanage_etc_hosts: true\n",
		"/metadata/v1/public-keys":                      "ssh-ed25519 AAAA a\nssh-ed25519 BBBB b",
		"/metadata/v1/tags":                             "web\nblue",
		"/metadata/v1/tags/":                            "web\nblue",
		"/metadata/v1/dns/nameservers":                  "172.16.254.3",
		"/metadata/v1/interfaces/":                      "public/",
		"/metadata/v1/interfaces/public/":               "0/",
		"/metadata/v1/interfaces/public/0/":             "ipv4/\nmac\ntype",
		"/metadata/v1/interfaces/public/0/mac":          "06:00:00:00:00:65",
		"/metadata/v1/interfaces/public/0/type":         "public",
		"/metadata/v1/interfaces/public/0/ipv4/":        "address\ngateway\nnetmask",
		"/metadata/v1/interfaces/public/0/ipv4/address": "172.16.254.15",
		"/metadata/v1/interfaces/public/0/ipv4/netmask": "255.255.255.0",
		"/metadata/v1/interfaces/public/0/ipv4/gateway": "172.16.254.2",
		"/metadata/v1/features/dhcp_enabled":            "false",
		"/metadata/v1/floating_ip/ipv4/active":          "false",
		"/metadata/v1/reserved_ip/ipv4/active":          "false",
	} {
		w := request(101, "GET", path)
		if w.Code != http.StatusOK || w.Body.String() != want || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s: %d %q %q, want %q", path, w.Code, w.Header().Get("Content-Type"), w.Body, want)
		}
	}
}

func TestDocumentIsTheContracts(t *testing.T) {
	want := `{"droplet_id":101,"hostname":"web-1","region":"nyc3","user_data":"#!/bin/sh\necho \u003chi\u003e\n",` +
		`"vendor_data":"#cloud-config\ndisable_root: false\nmanage_etc_hosts: true\n","public_keys":["ssh-ed25519 AAAA a","ssh-ed25519 BBBB b"],` +
		`"interfaces":{"public":[{"mac":"06:00:00:00:00:65","type":"public","ipv4":{"ip_address":"172.16.254.15","netmask":"255.255.255.0","gateway":"172.16.254.2"}}]},` +
		`"floating_ip":{"ipv4":{"active":false}},"reserved_ip":{"ipv4":{"active":false}},"dns":{"nameservers":["172.16.254.3"]},` +
		`"tags":["web","blue"],"features":{"dhcp_enabled":false}}` + "\n"
	w := request(101, "GET", "/metadata/v1.json")
	if diff := cmp.Diff(want, w.Body.String()); diff != "" || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %s (-want +got):\n%s", w.Code, w.Header().Get("Content-Type"), diff)
	}
}

func TestRequestsThatAreRejected(t *testing.T) {
	for _, test := range []struct {
		id           int64
		method, path string
		header       []string
		status       int
	}{
		{101, "GET", "/metadata/v1", nil, http.StatusMovedPermanently},
		{101, "GET", "/metadata/v1/interfaces", nil, http.StatusMovedPermanently},
		{101, "GET", "/metadata/v1/nothing", nil, http.StatusNotFound},
		{101, "GET", "/metadata/v1/id/", nil, http.StatusNotFound},
		{101, "GET", "/metadata/v1/id/x", nil, http.StatusNotFound},
		{101, "GET", "/metadata/v1/interfaces/private/", nil, http.StatusNotFound},
		{101, "GET", "/metadata/v2/", nil, http.StatusNotFound},
		{101, "GET", "/", nil, http.StatusNotFound},
		{101, "POST", "/metadata/v1/id", nil, http.StatusMethodNotAllowed},
		{101, "DELETE", "/v2/droplets/self", nil, http.StatusMethodNotAllowed},
		{101, "GET", "/metadata/v1/id", []string{"X-Forwarded-For", "1.2.3.4"}, http.StatusForbidden},
		{102, "GET", "/metadata/v1/id", nil, http.StatusNotFound},
		{102, "GET", "/metadata/v1.json", nil, http.StatusNotFound},
	} {
		if w := request(test.id, test.method, test.path, test.header...); w.Code != test.status {
			t.Errorf("%s %s of droplet %d: %d, want %d", test.method, test.path, test.id, w.Code, test.status)
		}
	}
}

func TestAClientThatClosedItsSendingSideIsAnswered(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // what net/http does when the client closes its sending side
	for _, path := range []string{"/metadata/v1/id", "/metadata/v1.json", "/v2/droplets/self"} {
		w := httptest.NewRecorder()
		metadata.Handler(source{}, 101, slog.New(slog.DiscardHandler)).
			ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", path, nil))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "101") {
			t.Errorf("%s: %d %q", path, w.Code, w.Body)
		}
	}
}

func TestSelfIsTheDropletsView(t *testing.T) {
	w := request(101, "GET", "/v2/droplets/self")
	if w.Code != http.StatusOK || w.Body.String()[:25] != `{"droplet":{"id":101,"nam` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
