package e2e

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/digitalocean/godo"
	"golang.org/x/crypto/ssh"

	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

// TestPages reads lists page by page, as doctl does.
func TestPages(t *testing.T) {
	s := rockpooltest.Start(t, "--compute", "simulated", "--droplet-limit", "50")
	var want []string
	for i := range 45 {
		name := fmt.Sprintf("key-%02d", i)
		want = append(want, name)
		public, _, err := ed25519.GenerateKey(nil)
		if err != nil {
			t.Fatal(err)
		}
		key, err := ssh.NewPublicKey(public)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = s.Client().Keys.Create(t.Context(), &godo.KeyCreateRequest{
			Name: name, PublicKey: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, perPage := range []int{1, 7, 20, 45, 200} {
		var got []string
		pages := 0
		for page := 1; page != 0; pages++ {
			keys, response, err := s.Client().Keys.List(t.Context(), &godo.ListOptions{Page: page, PerPage: perPage})
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range keys {
				got = append(got, k.Name)
			}
			if response.Meta == nil || response.Meta.Total != 45 {
				t.Errorf("page %d of %d each: meta is %+v", page, perPage, response.Meta)
			}
			page = next(t, response)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("with %d on a page the list has %d keys: %v", perPage, len(got), got)
		}
		if wantPages := (45 + perPage - 1) / perPage; pages != wantPages {
			t.Errorf("with %d on a page there are %d pages, want %d", perPage, pages, wantPages)
		}
	}
}

// next returns the number of the next page, 0 after the last one.
func next(t *testing.T, response *godo.Response) int {
	t.Helper()
	if response.Links == nil || response.Links.IsLastPage() {
		return 0
	}
	current, err := response.Links.CurrentPage()
	if err != nil {
		t.Fatal(err)
	}
	return current + 1
}

// TestCreateTenDroplets creates ten droplets by one request.
func TestCreateTenDroplets(t *testing.T) {
	s := rockpooltest.Start(t, "--compute", "simulated", "--droplet-limit", "12")
	var names []string
	for i := range 10 {
		names = append(names, fmt.Sprintf("node-%d", i))
	}
	request := &godo.DropletMultiCreateRequest{Names: names, Region: "nyc3", Size: "s-1vcpu-256mb",
		Image: godo.DropletCreateImage{Slug: "micro"}}
	droplets, response, err := s.Client().Droplets.CreateMultiple(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	if len(droplets) != 10 || response.Links == nil || len(response.Links.Actions) != 10 {
		t.Fatalf("got %d droplets, links %+v", len(droplets), response.Links)
	}
	addresses := map[string]bool{}
	for i, link := range response.Links.Actions {
		a, _, err := response.Links.Actions[i].Get(t.Context(), s.Client())
		if err != nil {
			t.Fatal(err)
		}
		if link.Rel != "create" || a.ResourceID != droplets[i].ID || a.ResourceType != "droplet" {
			t.Errorf("link %+v leads to %+v, want the create of droplet %d", link, a, droplets[i].ID)
		}
		s.Completed(link.ID, rockpooltest.Patience)
		d := s.Droplet(droplets[i].ID)
		address, err := d.PublicIPv4()
		if err != nil || d.Name != names[i] || d.Status != "active" || addresses[address] {
			t.Errorf("droplet %d is %s, %s, at %s (%v)", i, d.Name, d.Status, address, err)
		}
		addresses[address] = true
	}
	_, _, err = s.Client().Droplets.CreateMultiple(t.Context(), request)
	if err == nil || !strings.Contains(err.Error(), "will exceed your droplet limit") {
		t.Errorf("ten more were answered %v", err)
	}
	s.DeleteAll()
}
