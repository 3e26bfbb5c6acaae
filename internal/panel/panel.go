// Package panel is the control panel: what a person sees of the cloud in a
// browser.
package panel

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"

	"github.com/rockpool-cloud/rockpool/internal/front/api"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// Config configures the panel.
type Config struct {
	Version      string
	Token        string // path of the file that contains the first token
	Capabilities func() (have compute.Capabilities, known bool)
	SSH          func() SSH
}

// SSH is the login command for the droplet web-1 of the example.
type SSH struct {
	Command string // empty if no droplet has SSH
	Mend    string // the command that gives droplets port 22; empty if they have it
}

//go:embed start.html
var startHTML string

var start = template.Must(template.New("start").Parse(startHTML))

// Handler serves the first page of the panel, which describes this cloud and
// how to use it.
func Handler(c Config) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		have, _ := c.Capabilities()
		var page bytes.Buffer
		err := start.Execute(&page, map[string]any{
			"Version": c.Version, "Token": c.Token, "Capabilities": have, "Origin": api.Origin(r), "SSH": c.SSH(),
		})
		if err != nil {
			http.Error(w, "the page could not be made", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		w.Write(page.Bytes())
	})
}
