package contract

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// Requests for each product that DigitalOcean has and this cloud lacks are
// answered 501, for every method. They require a token.
func TestUnimplementedProductsAnswer501(t *testing.T) {
	c := newClient(t)
	listed := []string{"/v2/firewalls", "/v2/databases", "/v2/kubernetes/clusters", "/v2/registries"}
	for path, product := range map[string]string{
		"/v2/tags": "Tags", "/v2/tags/web/resources": "Tags", "/v2/volumes": "Block storage",
		"/v2/volumes/7724db7c/actions/1": "Block storage", "/v2/volumes/snapshots/1": "Block storage",
		"/v2/snapshots": "Snapshots", "/v2/droplets/1/snapshots": "Snapshots", "/v2/droplets/1/backups/policy": "Backups",
		"/v2/droplets/backups/supported_policies": "Backups", "/v2/droplets/1/kernels": "Kernels",
		"/v2/droplets/actions?tag_name=web": "Actions on all droplets", "/v2/droplets/autoscale/1/members": "Autoscale",
		"/v2/droplets/1/neighbors": "Neighbors", "/v2/reports/droplet_neighbors_ids": "Neighbors",
		"/v2/droplets/1/destroy_with_associated_resources/selective": "Destroying", "/v2/images/1/actions": "Actions on images",
		"/v2/firewalls": "Firewalls", "/v2/vpcs/1/members": "VPC", "/v2/reserved_ips/192.0.2.1/actions": "Reserved IP",
		"/v2/floating_ips": "Reserved IP", "/v2/projects/default": "Projects", "/v2/load_balancers/": "Load balancers",
		"/v2/certificates": "Certificates", "/v2/monitoring/metrics/droplet/cpu": "Monitoring", "/v2/cdn/endpoints": "Content delivery",
		"/v2/kubernetes/clusters": "Kubernetes", "/v2/databases": "Managed databases", "/v2/registry": "Container registries", "/v2/registries": "Container registries",
		"/v2/apps": "App Platform", "/v2/1-clicks?type=droplet": "1-Click", "/v2/customers/my/balance": "Billing",
	} {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"} {
			a := c.Do(method, path, "")
			if slices.Contains(listed, path) && (method == "GET" || method == "HEAD") {
				if a.StatusCode != http.StatusOK {
					t.Errorf("%s %s: %d %s", method, path, a.StatusCode, a.Text)
				}
				continue
			}
			if a.StatusCode != http.StatusNotImplemented || method != "HEAD" && (a.At("id") != "not_implemented" ||
				!strings.HasPrefix(a.At("message").(string), product) || !strings.HasSuffix(a.At("message").(string), ": this is not there yet.")) {
				t.Errorf("%s %s: %d %s", method, path, a.StatusCode, a.Text)
			}
		}
		if a := c.Do("GET", path, "", "Authorization", "Bearer wrong"); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s without a good token: %d %s", path, a.StatusCode, a.Text)
		}
	}
	// The droplet module of Ansible requests the firewalls first.
	firewalls := c.Do("GET", "/v2/firewalls", "")
	if list, ok := firewalls.JSON["firewalls"].([]any); !ok || len(list) != 0 || firewalls.JSON["links"] == nil || firewalls.At("meta", "total") != float64(0) {
		t.Errorf("the firewalls: %s", firewalls.Text)
	}
	// A droplet can get its own view only from inside (contract,
	// droplet-self-and-metadata.md).
	for _, path := range []string{"/v2/nothing", "/v2/tagsandmore", "/v2/droplets/1/nothing", "/v2/droplets/self"} {
		if a := c.Do("GET", path, ""); a.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.Text)
		}
	}
}
