package main

import (
	"strings"
	"testing"
)

// The panel shows the login command that works on this machine.
func TestPanelSaysHowToLogIn(t *testing.T) {
	for _, test := range []struct {
		forward   uint16
		want, not string
	}{
		{22, "rockpool ssh web-1    # or: ssh root@$(doctl compute droplet get web-1 --template &#39;{{.PublicIPv4}}&#39;)", "port 22"},
		{80, "doctl compute droplet create", "ssh web-1"},
	} {
		c := newClient(t, func(s *serveCommand) { s.Forward = []uint16{test.forward} })
		page := c.Do("GET", "/panel", "", "Authorization", "")
		if !strings.Contains(page.Text, test.want) || strings.Contains(page.Text, test.not) {
			t.Errorf("with port %d forwarded:\n%s", test.forward, page.Text)
		}
	}
}
