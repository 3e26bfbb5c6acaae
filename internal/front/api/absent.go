package api

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/identity/oauth"
)

// absent lists the products of DigitalOcean's API that Rockpool does not have, and
// their paths below /v2 (contract, extensions.md and droplets.md). The answer to a
// request at such a path names the product, which helps more than a 404.
var absent = []struct {
	product string // begins a sentence
	paths   []string
	exactly bool // only the paths themselves, nothing below them
}{
	{product: "Tags as resources", paths: []string{"/tags"}},
	{product: "Snapshots", paths: []string{"/snapshots", "/droplets/{droplet}/snapshots"}},
	{product: "Backups", paths: []string{"/droplets/{droplet}/backups", "/droplets/backups"}},
	{product: "Block storage", paths: []string{"/volumes"}},
	{product: "Firewalls", paths: []string{"/firewalls", "/droplets/{droplet}/firewalls"}},
	{product: "VPC networks", paths: []string{"/vpcs", "/vpc_peerings"}},
	{product: "Reserved IP addresses", paths: []string{"/reserved_ips", "/floating_ips", "/reserved_ipv6"}},
	{product: "Projects", paths: []string{"/projects"}},
	{product: "Load balancers", paths: []string{"/load_balancers"}},
	{product: "Certificates", paths: []string{"/certificates"}},
	{product: "Monitoring", paths: []string{"/monitoring"}},
	{product: "Uptime checks", paths: []string{"/uptime"}},
	{product: "Autoscale pools", paths: []string{"/droplets/autoscale"}},
	{product: "Actions on all droplets with a tag", paths: []string{"/droplets/actions"}, exactly: true},
	{product: "Kernels", paths: []string{"/droplets/{droplet}/kernels"}},
	{product: "Neighbors of droplets", paths: []string{"/droplets/{droplet}/neighbors", "/reports"}},
	{product: "Destroying what belongs to a droplet", paths: []string{"/droplets/{droplet}/destroy_with_associated_resources"}},
	{product: "Actions on images", paths: []string{"/images/{image}/actions"}},
	{product: "1-Click applications", paths: []string{"/1-clicks"}},
	{product: "Billing", paths: []string{"/customers"}},
	{product: "Content delivery", paths: []string{"/cdn"}},
	{product: "App Platform", paths: []string{"/apps"}},
	{product: "Kubernetes", paths: []string{"/kubernetes"}},
	{product: "Managed databases", paths: []string{"/databases"}},
	{product: "Container registries", paths: []string{"/registry", "/registries"}},
	{product: "Functions", paths: []string{"/functions"}},
	{product: "Spaces", paths: []string{"/spaces"}},
	{product: "Network file storage", paths: []string{"/nfs"}},
	{product: "Gradient AI", paths: []string{"/gen-ai"}},
	{product: "Security scans", paths: []string{"/security"}},
	{product: "Partner Network Connect", paths: []string{"/partner_network_connect"}},
	{product: "Addresses that customers bring", paths: []string{"/byoip_prefixes"}},
	{product: "NAT gateways", paths: []string{"/vpc_nat_gateways"}},
	{product: "Add-ons", paths: []string{"/add-ons"}},
	{product: "Organizations", paths: []string{"/organizations"}},
}

// emptyLists are the lists of absent products that are answered as empty, because
// clients read them on the way to something else: Ansible's droplet module reads
// the firewalls first, and fails on an error (contract, extensions.md). The map's
// key is the path, its value the list's key in the body.
var emptyLists = map[string]string{
	"/firewalls":           "firewalls",
	"/databases":           "databases",
	"/kubernetes/clusters": "kubernetes_clusters",
	"/registries":          "registries",
}

// routeAbsent answers every method at the absent products' paths with 501, if the
// token is valid. A 503 would make clients repeat the request. The empty lists
// have a message that says why they are empty.
func (s *server) routeAbsent(router chi.Router) {
	for _, a := range absent {
		handler := s.authenticated(anyScope, func(http.ResponseWriter, *http.Request, oauth.Token) error {
			return apierr.NotImplemented(a.product)
		})
		for _, path := range a.paths {
			router.HandleFunc("/v2"+path, handler)
			if !a.exactly {
				router.HandleFunc("/v2"+path+"/*", handler)
			}
		}
	}
	for path, key := range emptyLists {
		router.Get("/v2"+path, s.authenticated(anyScope, func(w http.ResponseWriter, r *http.Request, _ oauth.Token) error {
			writeJSON(w, r, http.StatusOK, map[string]any{
				key: []any{}, "links": map[string]any{}, "meta": map[string]int{"total": 0},
				"message": "There are none: this product is not there yet.",
			})
			return nil
		}))
	}
}
