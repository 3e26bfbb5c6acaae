package rockpooltest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"

	"github.com/digitalocean/godo"
)

// Droplet is godo's Droplet with the fields that Rockpool adds.
type Droplet struct {
	godo.Droplet
	Forwards []struct {
		Host  int `json:"host_port"`
		Guest int `json:"guest_port"`
	} `json:"forwards"`
}

// DropletsPage returns a page of up to 200 droplets, the first being 1.
func (s *Server) DropletsPage(page int) ([]Droplet, error) {
	var body struct{ Droplets []Droplet }
	err := s.Get(fmt.Sprintf("droplets?per_page=200&page=%d", page), &body)
	return body.Droplets, err
}

// Create posts the request and returns the droplet's id and its action's.
func (s *Server) Create(request *godo.DropletCreateRequest) (droplet, action int) {
	s.tb.Helper()
	d, response, err := s.Client().Droplets.Create(s.tb.Context(), request)
	if err != nil {
		s.tb.Fatal(err)
	}
	if response.StatusCode != http.StatusAccepted {
		s.tb.Fatalf("create was answered %s", response.Status)
	}
	if response.Links == nil || len(response.Links.Actions) != 1 || response.Links.Actions[0].Rel != "create" {
		s.tb.Fatalf("create was answered without its action: %+v", response.Links)
	}
	return d.ID, response.Links.Actions[0].ID
}

// Up creates a droplet and waits until it is active.
func (s *Server) Up(request *godo.DropletCreateRequest) *godo.Droplet {
	s.tb.Helper()
	id, action := s.Create(request)
	s.Completed(action, Patience)
	return s.Droplet(id)
}

// Droplet returns the current state of a droplet.
func (s *Server) Droplet(id int) *godo.Droplet {
	s.tb.Helper()
	d, _, err := s.Client().Droplets.Get(s.tb.Context(), id)
	if err != nil {
		s.tb.Fatal(err)
	}
	return d
}

// Act requests a power action, waits for its end, and fails the test unless the
// droplet then has the status.
func (s *Server) Act(droplet int, actionType, status string) {
	s.tb.Helper()
	a, err := s.Ask(droplet, actionType)
	if err != nil {
		s.tb.Fatalf("%s: %v", actionType, err)
	}
	s.Completed(a.ID, Patience)
	if got := s.Droplet(droplet).Status; got != status {
		s.tb.Fatalf("after %s the droplet is %q, want %q", actionType, got, status)
	}
}

// Resize gives a droplet that is off another size and waits for the action's end.
func (s *Server) Resize(droplet int, size string, disk bool) {
	s.tb.Helper()
	a, _, err := s.Client().DropletActions.Resize(s.tb.Context(), droplet, size, disk)
	if err != nil {
		s.tb.Fatalf("resize: %v", err)
	}
	s.Completed(a.ID, Patience)
}

// Ask requests a power action.
func (s *Server) Ask(droplet int, actionType string) (*godo.Action, error) {
	s.tb.Helper()
	actions := s.Client().DropletActions
	ask := map[string]func(context.Context, int) (*godo.Action, *godo.Response, error){
		"power_on": actions.PowerOn, "power_off": actions.PowerOff, "power_cycle": actions.PowerCycle,
		"reboot": actions.Reboot, "shutdown": actions.Shutdown,
	}[actionType]
	a, _, err := ask(s.tb.Context(), droplet)
	return a, err
}

// Delete deletes the droplet. The API must not find it afterwards.
func (s *Server) Delete(droplet int) {
	s.tb.Helper()
	response, err := s.Client().Droplets.Delete(s.tb.Context(), droplet)
	if err != nil {
		s.tb.Fatal(err)
	}
	if response.StatusCode != http.StatusNoContent {
		s.tb.Errorf("delete was answered %s", response.Status)
	}
	s.AssertGone(droplet)
}

// DeleteAll deletes all droplets.
func (s *Server) DeleteAll() {
	s.tb.Helper()
	for {
		droplets, err := s.DropletsPage(1)
		if err != nil {
			s.tb.Fatal(err)
		}
		if len(droplets) == 0 {
			return
		}
		for _, d := range droplets {
			s.Delete(d.ID)
		}
	}
}

// AssertGone fails the test unless the API knows no such droplet.
func (s *Server) AssertGone(droplet int) {
	s.tb.Helper()
	_, response, err := s.Client().Droplets.Get(s.tb.Context(), droplet)
	if err == nil || response == nil || response.StatusCode != http.StatusNotFound {
		s.tb.Errorf("droplet %d is still there: %v", droplet, err)
	}
}

// SSHAddress returns the address that leads to the droplet's port 22.
func (s *Server) SSHAddress(droplet int) string {
	s.tb.Helper()
	at := s.Forwarded(droplet, 22)
	s.used = append(s.used, at)
	return at
}

// Forwarded returns the address that leads to a port of the droplet.
func (s *Server) Forwarded(droplet, port int) string {
	s.tb.Helper()
	var body struct{ Droplet Droplet }
	if err := s.Get(fmt.Sprintf("droplets/%d", droplet), &body); err != nil {
		s.tb.Fatal(err)
	}
	public, err := body.Droplet.PublicIPv4()
	if err != nil || public == "" {
		s.tb.Fatalf("droplet %d has no public address: %v", droplet, err)
	}
	for _, f := range body.Droplet.Forwards {
		if f.Guest == port {
			return net.JoinHostPort(public, strconv.Itoa(f.Host))
		}
	}
	s.tb.Fatalf("port %d of droplet %d is not forwarded", port, droplet)
	return ""
}
