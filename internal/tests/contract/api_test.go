package contract

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDropletLife(t *testing.T) {
	c := newClient(t)
	key := c.Do("POST", "/v2/account/keys", fmt.Sprintf(`{"name":"laptop","public_key":%q}`, someKey))
	created := c.Create(fmt.Sprintf(`{"name":"web-1.example.com","region":"nyc3","size":"s-1vcpu-1gb","image":"debian-12-x64",
		"ssh_keys":["%v"],"tags":["web"],"user_data":"#!/bin/sh","monitoring":true,"backups":false,"volumes":[],"vpc_uuid":null,"unknown":1}`,
		key.At("ssh_key", "fingerprint")))
	if created.At("droplet", "status") != "new" || created.At("droplet", "locked") != true ||
		len(created.At("droplet", "networks", "v4").([]any)) != 0 {
		t.Errorf("answer of the create: %s", created.Text)
	}
	href := fmt.Sprintf("%s/v2/actions/%v", c.URL, created.At("links", "actions", 0, "id"))
	if created.At("links", "actions", 0, "rel") != "create" || created.At("links", "actions", 0, "href") != href {
		t.Errorf("links of the create: %v", created.At("links"))
	}
	if got, want := created.Header.Get("Location"), c.URL+"/v2/droplets/1"; got != want {
		t.Errorf("Location %q, want %q", got, want)
	}

	shown := c.Do("GET", "/v2/droplets/1", "")
	want := map[string]any{
		"id": 1.0, "name": "web-1.example.com", "status": "active", "locked": false, "memory": 1024.0, "vcpus": 1.0, "disk": 25.0,
		"size_slug": "s-1vcpu-1gb", "tags": []any{"web"}, "features": []any{"simulated", "monitoring"}, "kernel": nil,
		"backup_ids": []any{}, "snapshot_ids": []any{}, "volume_ids": []any{}, "next_backup_window": nil,
		"public_ip": "127.18.0.2", "private_ip": nil, "snapshots": []any{}, "backups": nil,
		"forwards": []any{map[string]any{"host_port": 22.0, "guest_port": 22.0}},
		"networks": map[string]any{
			"v4": []any{map[string]any{"ip_address": "127.18.0.2", "netmask": "255.255.0.0", "gateway": "127.18.0.1", "type": "public"}},
			"v6": []any{}, "private": nil,
			"public": map[string]any{"ip_address": "127.18.0.2", "netmask": "255.255.0.0", "gateway": "127.18.0.1"},
		},
	}
	for name, value := range want {
		if diff := cmp.Diff(value, shown.At("droplet", name)); diff != "" {
			t.Errorf("droplet's %s (-want +got):\n%s", name, diff)
		}
	}
	for _, keys := range [][]any{{"image", "slug"}, {"image", "min_disk_size"}, {"region", "slug"}, {"region", "sizes", 0},
		{"size", "price_monthly"}, {"size", "cpus"}, {"vpc_uuid"}, {"created_at"}, {"disk_info", 0, "size", "unit"}} {
		if shown.At(append([]any{"droplet"}, keys...)...) == nil {
			t.Errorf("droplet's %v is missing", keys)
		}
	}

	for _, step := range []struct{ action, status string }{
		{"power_off", "off"}, {"power_on", "active"}, {"reboot", "active"}, {"power_cycle", "active"}, {"shutdown", "off"}, {"shutdown", "off"},
		{"power_cycle", "active"},
	} {
		a := c.Do("POST", "/v2/droplets/1/actions", fmt.Sprintf(`{"type":%q}`, step.action))
		if a.StatusCode != http.StatusCreated || a.At("action", "status") != "in-progress" || a.At("action", "completed_at") != nil ||
			a.At("action", "type") != step.action || a.At("action", "resource_id") != 1.0 || a.At("action", "resource_type") != "droplet" {
			t.Fatalf("%s: %d %s", step.action, a.StatusCode, a.Text)
		}
		c.Wait(a.At("action", "id"))
		path := fmt.Sprintf("/v2/droplets/1/actions/%v", a.At("action", "id"))
		if done := c.Do("GET", path, ""); done.At("action", "status") != "completed" || done.At("action", "completed_at") == nil ||
			done.At("action", "region_slug") != "nyc3" {
			t.Errorf("%s: %s", step.action, done.Text)
		}
		if got := c.Do("GET", "/v2/droplets/1", "").At("droplet", "status"); got != step.status {
			t.Errorf("after %s the droplet is %v, want %s", step.action, got, step.status)
		}
	}

	if a := c.Do("DELETE", "/v2/droplets/1", ""); a.StatusCode != http.StatusNoContent || a.Text != "" {
		t.Errorf("delete: %d %q", a.StatusCode, a.Text)
	}
	for _, path := range []string{"/v2/droplets/1", "/v2/droplets/1/actions"} {
		if a := c.Do("GET", path, ""); a.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s after the delete: %d", path, a.StatusCode)
		}
	}
	all := c.Do("GET", "/v2/actions", "")
	if all.At("meta", "total") != 9.0 || all.At("actions", 0, "type") != "destroy" || all.At("actions", 8, "type") != "create" {
		t.Errorf("actions, newest first: %s", all.Text)
	}
}

func TestCreateSeveralDroplets(t *testing.T) {
	c := newClient(t)
	a := c.Do("POST", "/v2/droplets", `{"names":["a","b","c"],"size":"s-1vcpu-256mb","image":1}`)
	if a.StatusCode != http.StatusAccepted || len(a.At("droplets").([]any)) != 3 || len(a.At("links", "actions").([]any)) != 3 {
		t.Fatalf("%d %s", a.StatusCode, a.Text)
	}
	addresses := map[any]bool{}
	for i, name := range []string{"a", "b", "c"} {
		done := c.Wait(a.At("links", "actions", i, "id"))
		if a.At("droplets", i, "name") != name || done.Resource.ID != fmt.Sprint(a.At("droplets", i, "id")) {
			t.Errorf("droplet %d: %v, its action is for %s", i, a.At("droplets", i, "name"), done.Resource.ID)
		}
		addresses[c.Do("GET", "/v2/droplets/"+done.Resource.ID, "").At("droplet", "public_ip")] = true
	}
	if len(addresses) != 3 {
		t.Errorf("addresses %v are not three", addresses)
	}
}

func TestOddPathsReachTheAPI(t *testing.T) {
	c := newClient(t)
	for _, path := range []string{"//v2/droplets", "/v2//account", "/v2/./account", "/panel/x", "/v2/account//"} {
		if a := c.Do("GET", path, ""); a.StatusCode != 404 || a.JSON["id"] != "not_found" {
			t.Errorf("%s: %d %q", path, a.StatusCode, a.Text)
		}
	}
}

func TestKeys(t *testing.T) {
	c := newClient(t)
	a := c.Do("POST", "/v2/account/keys", fmt.Sprintf(`{"id":"x","name":" laptop ","public_key":" %s\n"}`, someKey))
	want := map[string]any{"id": 1.0, "name": "laptop", "public_key": someKey, "fingerprint": "65:96:2d:fc:e8:d5:a9:11:64:0c:0f:ea:00:6e:5b:bd"}
	if diff := cmp.Diff(want, a.At("ssh_key")); diff != "" || a.StatusCode != http.StatusCreated {
		t.Errorf("create: %d (-want +got):\n%s", a.StatusCode, diff)
	}
	fingerprint := want["fingerprint"].(string)
	for _, identity := range []string{"1", fingerprint, url.QueryEscape(fingerprint), "MD5:" + fingerprint} {
		if got := c.Do("GET", "/v2/account/keys/"+identity, "").At("ssh_key", "id"); got != 1.0 {
			t.Errorf("GET by %s: %v", identity, got)
		}
	}
	want["name"] = "desktop"
	for _, method := range []string{"PUT", "PATCH"} {
		a := c.Do(method, "/v2/account/keys/1", `{"name":"desktop","public_key":"ignored"}`)
		if diff := cmp.Diff(want, a.At("ssh_key")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", method, diff)
		}
	}
	if a := c.Do("DELETE", "/v2/account/keys/"+fingerprint, ""); a.StatusCode != http.StatusNoContent {
		t.Errorf("delete: %d %s", a.StatusCode, a.Text)
	}
	if a := c.Do("GET", "/v2/account/keys", ""); a.Text != `{"links":{},"meta":{"total":0},"ssh_keys":[]}`+"\n" {
		t.Errorf("list after the delete: %s", a.Text)
	}
}

func TestPages(t *testing.T) {
	c := newClient(t)
	link := func(page int) string { return fmt.Sprintf("%s/v2/regions?page=%d&per_page=4", c.URL, page) }
	for _, test := range []struct {
		query string
		items int
		pages map[string]any
	}{
		{"", 15, nil},
		{"?page=1", 15, nil},
		{"?per_page=4", 4, map[string]any{"next": link(2), "last": link(4)}},
		{"?page=2&per_page=4", 4, map[string]any{"first": link(1), "prev": link(1), "next": link(3), "last": link(4)}},
		{"?page=4&per_page=4", 3, map[string]any{"first": link(1), "prev": link(3)}},
		{"?page=9&per_page=4", 0, map[string]any{"first": link(1), "prev": link(4)}},
		{"?page=99999999999999999999&per_page=4", 0, map[string]any{"first": link(1), "prev": link(4)}},
		{"?page=-1&per_page=0", 15, nil},
		{"?page=x&per_page=999", 15, nil},
	} {
		a := c.Do("GET", "/v2/regions"+test.query, "")
		if a.StatusCode != http.StatusOK || len(a.At("regions").([]any)) != test.items || a.At("meta", "total") != 15.0 {
			t.Errorf("%q: %d, %d items, total %v", test.query, a.StatusCode, len(a.At("regions").([]any)), a.At("meta", "total"))
		}
		got, _ := a.At("links", "pages").(map[string]any)
		if diff := cmp.Diff(test.pages, got); diff != "" {
			t.Errorf("%q: links (-want +got):\n%s", test.query, diff)
		}
	}
}

func TestCatalogue(t *testing.T) {
	c := newClient(t)
	small := c.Do("GET", "/v2/sizes", "").At("sizes", 0)
	want := map[string]any{"slug": "s-1vcpu-256mb", "memory": 256.0, "vcpus": 1.0, "disk": 10.0, "available": true}
	for name, value := range want {
		if got := small.(map[string]any)[name]; got != value {
			t.Errorf("the smallest size's %s is %v, want %v", name, got, value)
		}
	}
	images := c.Do("GET", "/v2/images?type=distribution&per_page=200", "")
	slugs := map[any]bool{}
	for _, image := range images.At("images").([]any) {
		slugs[image.(map[string]any)["slug"]] = true
	}
	for _, slug := range []string{"micro", "debian-12-x64", "ubuntu-22-04-x64", "ubuntu-24-04-x64"} {
		if !slugs[slug] {
			t.Errorf("simulated: image %s is missing from %v", slug, slugs)
		}
	}
	if a := c.Do("GET", "/v2/images?private=true", ""); a.At("meta", "total") != 0.0 {
		t.Errorf("own images: %s", a.Text)
	}
	if id := c.Do("GET", "/v2/images/micro/", "").At("image", "id"); c.Do("GET", fmt.Sprintf("/v2/images/%v", id), "").At("image", "slug") != "micro" {
		t.Errorf("image micro has id %v, which is not it", id)
	}
	head := c.Do("HEAD", "/v2/account", "")
	if head.StatusCode != 200 || head.Text != "" || head.ContentLength != int64(len(c.Do("GET", "/v2/account", "").Text)) {
		t.Errorf("HEAD: %d, %q, length %d", head.StatusCode, head.Text, head.ContentLength)
	}
	if a := c.Do("GET", "/", ""); a.At("links", "v2") != c.URL+"/v2" {
		t.Errorf("directory: %s", a.Text)
	}
	if a := c.Do("GET", "/panel", ""); a.StatusCode != 200 || a.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("panel: %d %s", a.StatusCode, a.Text)
	}
}
