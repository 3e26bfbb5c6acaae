package main

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDropletLife(t *testing.T) {
	c := newClient(t)
	key := c.do("POST", "/v2/account/keys", fmt.Sprintf(`{"name":"laptop","public_key":%q}`, someKey))
	created := c.create(fmt.Sprintf(`{"name":"web-1.example.com","region":"nyc3","size":"s-1vcpu-1gb","image":"debian-12-x64",
		"ssh_keys":["%v"],"tags":["web"],"user_data":"#!/bin/sh","monitoring":true,"backups":false,"volumes":[],"vpc_uuid":null,"unknown":1}`,
		key.at("ssh_key", "fingerprint")))
	if created.at("droplet", "status") != "new" || created.at("droplet", "locked") != true ||
		len(created.at("droplet", "networks", "v4").([]any)) != 0 {
		t.Errorf("answer of the create: %s", created.text)
	}
	href := fmt.Sprintf("%s/v2/actions/%v", c.url, created.at("links", "actions", 0, "id"))
	if created.at("links", "actions", 0, "rel") != "create" || created.at("links", "actions", 0, "href") != href {
		t.Errorf("links of the create: %v", created.at("links"))
	}
	if got, want := created.Header.Get("Location"), c.url+"/v2/droplets/1"; got != want {
		t.Errorf("Location %q, want %q", got, want)
	}

	shown := c.do("GET", "/v2/droplets/1", "")
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
		if diff := cmp.Diff(value, shown.at("droplet", name)); diff != "" {
			t.Errorf("droplet's %s (-want +got):\n%s", name, diff)
		}
	}
	for _, keys := range [][]any{{"image", "slug"}, {"image", "min_disk_size"}, {"region", "slug"}, {"region", "sizes", 0},
		{"size", "price_monthly"}, {"size", "cpus"}, {"vpc_uuid"}, {"created_at"}, {"disk_info", 0, "size", "unit"}} {
		if shown.at(append([]any{"droplet"}, keys...)...) == nil {
			t.Errorf("droplet's %v is missing", keys)
		}
	}

	for _, step := range []struct{ action, status string }{
		{"power_off", "off"}, {"power_on", "active"}, {"reboot", "active"}, {"power_cycle", "active"}, {"shutdown", "off"}, {"shutdown", "off"},
		{"power_cycle", "active"},
	} {
		a := c.do("POST", "/v2/droplets/1/actions", fmt.Sprintf(`{"type":%q}`, step.action))
		if a.StatusCode != http.StatusCreated || a.at("action", "status") != "in-progress" || a.at("action", "completed_at") != nil ||
			a.at("action", "type") != step.action || a.at("action", "resource_id") != 1.0 || a.at("action", "resource_type") != "droplet" {
			t.Fatalf("%s: %d %s", step.action, a.StatusCode, a.text)
		}
		c.wait(a.at("action", "id"))
		path := fmt.Sprintf("/v2/droplets/1/actions/%v", a.at("action", "id"))
		if done := c.do("GET", path, ""); done.at("action", "status") != "completed" || done.at("action", "completed_at") == nil ||
			done.at("action", "region_slug") != "nyc3" {
			t.Errorf("%s: %s", step.action, done.text)
		}
		if got := c.do("GET", "/v2/droplets/1", "").at("droplet", "status"); got != step.status {
			t.Errorf("after %s the droplet is %v, want %s", step.action, got, step.status)
		}
	}

	if a := c.do("DELETE", "/v2/droplets/1", ""); a.StatusCode != http.StatusNoContent || a.text != "" {
		t.Errorf("delete: %d %q", a.StatusCode, a.text)
	}
	for _, path := range []string{"/v2/droplets/1", "/v2/droplets/1/actions"} {
		if a := c.do("GET", path, ""); a.StatusCode != http.StatusNotFound {
			t.Errorf("GET %s after the delete: %d", path, a.StatusCode)
		}
	}
	all := c.do("GET", "/v2/actions", "")
	if all.at("meta", "total") != 9.0 || all.at("actions", 0, "type") != "destroy" || all.at("actions", 8, "type") != "create" {
		t.Errorf("actions, newest first: %s", all.text)
	}
}

func TestSeveralDropletsAtOnce(t *testing.T) {
	c := newClient(t)
	a := c.do("POST", "/v2/droplets", `{"names":["a","b","c"],"size":"s-1vcpu-256mb","image":1}`)
	if a.StatusCode != http.StatusAccepted || len(a.at("droplets").([]any)) != 3 || len(a.at("links", "actions").([]any)) != 3 {
		t.Fatalf("%d %s", a.StatusCode, a.text)
	}
	addresses := map[any]bool{}
	for i, name := range []string{"a", "b", "c"} {
		done := c.wait(a.at("links", "actions", i, "id"))
		if a.at("droplets", i, "name") != name || float64(done.ResourceID) != a.at("droplets", i, "id") {
			t.Errorf("droplet %d: %v, its action is for %d", i, a.at("droplets", i, "name"), done.ResourceID)
		}
		addresses[c.do("GET", fmt.Sprintf("/v2/droplets/%d", done.ResourceID), "").at("droplet", "public_ip")] = true
	}
	if len(addresses) != 3 {
		t.Errorf("addresses %v are not three", addresses)
	}
}

func TestOddPathsReachTheAPI(t *testing.T) {
	c := newClient(t)
	for _, path := range []string{"//v2/droplets", "/v2//account", "/v2/./account", "/panel/x", "/v2/account//"} {
		if a := c.do("GET", path, ""); a.StatusCode != 404 || a.body["id"] != "not_found" {
			t.Errorf("%s: %d %q", path, a.StatusCode, a.text)
		}
	}
}

func TestKeys(t *testing.T) {
	c := newClient(t)
	a := c.do("POST", "/v2/account/keys", fmt.Sprintf(`{"id":"x","name":" laptop ","public_key":" %s\n"}`, someKey))
	want := map[string]any{"id": 1.0, "name": "laptop", "public_key": someKey, "fingerprint": "65:96:2d:fc:e8:d5:a9:11:64:0c:0f:ea:00:6e:5b:bd"}
	if diff := cmp.Diff(want, a.at("ssh_key")); diff != "" || a.StatusCode != http.StatusCreated {
		t.Errorf("create: %d (-want +got):\n%s", a.StatusCode, diff)
	}
	fingerprint := want["fingerprint"].(string)
	for _, identity := range []string{"1", fingerprint, url.QueryEscape(fingerprint), "MD5:" + fingerprint} {
		if got := c.do("GET", "/v2/account/keys/"+identity, "").at("ssh_key", "id"); got != 1.0 {
			t.Errorf("GET by %s: %v", identity, got)
		}
	}
	want["name"] = "desktop"
	for _, method := range []string{"PUT", "PATCH"} {
		a := c.do(method, "/v2/account/keys/1", `{"name":"desktop","public_key":"ignored"}`)
		if diff := cmp.Diff(want, a.at("ssh_key")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", method, diff)
		}
	}
	if a := c.do("DELETE", "/v2/account/keys/"+fingerprint, ""); a.StatusCode != http.StatusNoContent {
		t.Errorf("delete: %d %s", a.StatusCode, a.text)
	}
	if a := c.do("GET", "/v2/account/keys", ""); a.text != `{"links":{},"meta":{"total":0},"ssh_keys":[]}`+"\n" {
		t.Errorf("list after the delete: %s", a.text)
	}
}

func TestPages(t *testing.T) {
	c := newClient(t)
	link := func(page int) string { return fmt.Sprintf("%s/v2/regions?page=%d&per_page=4", c.url, page) }
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
		a := c.do("GET", "/v2/regions"+test.query, "")
		if a.StatusCode != http.StatusOK || len(a.at("regions").([]any)) != test.items || a.at("meta", "total") != 15.0 {
			t.Errorf("%q: %d, %d items, total %v", test.query, a.StatusCode, len(a.at("regions").([]any)), a.at("meta", "total"))
		}
		got, _ := a.at("links", "pages").(map[string]any)
		if diff := cmp.Diff(test.pages, got); diff != "" {
			t.Errorf("%q: links (-want +got):\n%s", test.query, diff)
		}
	}
}

func TestCatalogue(t *testing.T) {
	c := newClient(t)
	small := c.do("GET", "/v2/sizes", "").at("sizes", 0)
	want := map[string]any{"slug": "s-1vcpu-256mb", "memory": 256.0, "vcpus": 1.0, "disk": 10.0, "available": true}
	for name, value := range want {
		if got := small.(map[string]any)[name]; got != value {
			t.Errorf("the smallest size's %s is %v, want %v", name, got, value)
		}
	}
	images := c.do("GET", "/v2/images?type=distribution&per_page=200", "")
	slugs := map[any]bool{}
	for _, image := range images.at("images").([]any) {
		slugs[image.(map[string]any)["slug"]] = true
	}
	for _, slug := range []string{"micro", "debian-12-x64", "ubuntu-22-04-x64", "ubuntu-24-04-x64"} {
		if !slugs[slug] {
			t.Errorf("simulated: image %s is missing from %v", slug, slugs)
		}
	}
	if a := c.do("GET", "/v2/images?private=true", ""); a.at("meta", "total") != 0.0 {
		t.Errorf("own images: %s", a.text)
	}
	if id := c.do("GET", "/v2/images/micro/", "").at("image", "id"); c.do("GET", fmt.Sprintf("/v2/images/%v", id), "").at("image", "slug") != "micro" {
		t.Errorf("image micro has id %v, which is not it", id)
	}
	head := c.do("HEAD", "/v2/account", "")
	if head.StatusCode != 200 || head.text != "" || head.ContentLength != int64(len(c.do("GET", "/v2/account", "").text)) {
		t.Errorf("HEAD: %d, %q, length %d", head.StatusCode, head.text, head.ContentLength)
	}
	if a := c.do("GET", "/", ""); a.at("links", "v2") != c.url+"/v2" {
		t.Errorf("directory: %s", a.text)
	}
	if a := c.do("GET", "/panel", ""); a.StatusCode != 200 || a.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("panel: %d %s", a.StatusCode, a.text)
	}
}
