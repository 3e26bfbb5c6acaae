package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/front/httperr"
	"github.com/rockpool-cloud/rockpool/internal/front/schema"
	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
)

// pageSample is a command of the reference page.
type pageSample struct {
	command string
	status  int
	link    *schema.Link // nil if it belongs to no link
}

var (
	sampleElement = regexp.MustCompile(`(?s)<code class="sample" data-operation="([^"]*)" data-status="(\d+)">(.*?)</code>`)
	shellVariable = regexp.MustCompile(`\$([A-Z_]+_ID)\b`)
)

func pageSamples(t *testing.T, contract *schema.Schema, page string) (samples []pageSample) {
	for _, match := range sampleElement.FindAllStringSubmatch(page, -1) {
		status, err := strconv.Atoi(match[2])
		if err != nil {
			t.Fatal(err)
		}
		sample := pageSample{command: html.UnescapeString(match[3]), status: status}
		if i := slices.IndexFunc(contract.Links, func(l *schema.Link) bool { return l.Operation() == match[1] }); i >= 0 {
			sample.link = contract.Links[i]
		} else if match[1] != "" {
			t.Errorf("a sample of %q, which is no link", match[1])
		}
		samples = append(samples, sample)
	}
	return samples
}

// Every sample of the reference runs unchanged and gets the documented
// response. Samples that create objects run first, because the others use
// these objects. Samples that delete run last.
func TestReferenceSamplesRun(t *testing.T) {
	needs.Program(t, "curl", "curl")
	c := newClient(t)
	page := c.Do("GET", "/v2/docs", "", "Authorization", "")
	samples := pageSamples(t, c.Server.Schema, page.Text)
	shell := &shell{client: c, variables: map[string]string{
		"DIGITALOCEAN_API_URL": c.URL, "DIGITALOCEAN_ACCESS_TOKEN": c.Token, "CURL_HOME": t.TempDir(), "PATH": os.Getenv("PATH"),
	}}
	if err := os.WriteFile(filepath.Join(shell.variables["CURL_HOME"], ".curlrc"), []byte("silent\nshow-error\nwrite-out = \"\\n%{http_code}\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	described := readOpenAPI(c)
	made := []string{}
	rank := func(s pageSample) int {
		switch {
		case s.link != nil && s.link.Rel == "create":
			return 0
		case s.link != nil && s.link.Rel == "destroy":
			// Delete in the reverse order of creation.
			return 2 + len(made) - slices.Index(made, s.link.Resource)
		}
		return 1
	}
	for run := 0; run < len(samples); run++ {
		rest := samples[run:]
		slices.SortStableFunc(rest, func(a, b pageSample) int { return rank(a) - rank(b) })
		next := slices.IndexFunc(rest, shell.ready)
		if next < 0 {
			t.Fatalf("nothing makes what is needed for:\n%s", rest[0].command)
		}
		rest[0], rest[next] = rest[next], rest[0]
		answer := shell.run(rest[0])
		if rest[0].link != nil && answer != "" {
			described.checkAnswer(t, rest[0].link, rest[0].status, answer)
		}
		if l := rest[0].link; l != nil && l.Rel == "create" {
			made = append(made, l.Resource)
		}
	}
	for _, link := range c.Server.Schema.Links {
		if !slices.ContainsFunc(samples, func(s pageSample) bool { return s.link == link }) {
			t.Errorf("%s has no sample", link.Route())
		}
	}
}

// shell runs samples, and stores the ids of created objects in its variables.
type shell struct {
	client    *client
	variables map[string]string
}

// ready reports whether all objects that a sample uses exist.
func (s *shell) ready(sample pageSample) bool {
	for _, match := range shellVariable.FindAllStringSubmatch(sample.command, -1) {
		if s.variables[match[1]] == "" {
			return false
		}
	}
	return true
}

// run returns the response body; empty if there is none, or if it is not the
// documented one.
func (s *shell) run(sample pageSample) string {
	t := s.client.T
	t.Helper()
	command := exec.Command("bash", "-euc", sample.command)
	for name, value := range s.variables {
		command.Env = append(command.Env, name+"="+value)
	}
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Errorf("%s\n%v: %s", sample.command, err, &stderr)
		return ""
	}
	text := strings.TrimSpace(string(output))
	answer, status := text[:max(0, strings.LastIndexByte(text, '\n'))], text[strings.LastIndexByte(text, '\n')+1:]
	if status != strconv.Itoa(sample.status) {
		t.Errorf("%s\nis answered %s, documented is %d:\n%s", sample.command, status, sample.status, answer)
		return ""
	}
	if sample.link != nil && sample.link.Rel == "create" {
		s.remember(sample.link, answer)
	}
	return answer
}

// remember sets the variables for the objects that a response says were
// created, and waits for their actions.
func (s *shell) remember(link *schema.Link, text string) {
	var body map[string]any
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		s.client.T.Fatal(err)
	}
	a := answer{JSON: body}
	resources := s.client.Server.Schema.Resources
	made := resources[slices.IndexFunc(resources, func(r *schema.Resource) bool { return r.Name == link.Resource })]
	identity := a.At(made.One, made.Attributes[0].Name)
	s.set(link.Resource, identity)
	if made.One == "action" {
		s.set("action", identity)
		s.client.Wait(identity)
	}
	for i := 0; a.At("links", "actions", i) != nil; i++ {
		s.set("action", a.At("links", "actions", i, "id"))
		s.client.Wait(a.At("links", "actions", i, "id"))
	}
}

func (s *shell) set(resource string, identity any) {
	s.variables[strings.ToUpper(strings.ReplaceAll(resource, "-", "_"))+"_ID"] = fmt.Sprint(identity)
}

func TestReference(t *testing.T) {
	c := newClient(t)
	page := c.Do("GET", "/v2/docs", "", "Authorization", "")
	if page.StatusCode != http.StatusOK || page.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%d %v", page.StatusCode, page.Header)
	}
	if strings.Contains(page.Text, "<script") || regexp.MustCompile(`(?:src|href)="[^#]`).MatchString(page.Text) {
		t.Error("the page has a script or wants something from elsewhere")
	}
	if strings.Contains(page.Text, schema.ExampleOrigin) || !strings.Contains(page.Text, "export DIGITALOCEAN_API_URL="+c.URL+"\n") {
		t.Error("the page does not say where this cloud is")
	}
	for _, kind := range httperr.Table() {
		if !strings.Contains(page.Text, "<td>"+strconv.Itoa(kind.Status)+"</td><td><code>"+kind.ID+"</code></td>") {
			t.Errorf("the error %s is missing", kind.ID)
		}
	}
	ids := map[string]bool{}
	for _, match := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(page.Text, -1) {
		if ids[match[1]] {
			t.Errorf("two elements have the id %s", match[1])
		}
		ids[match[1]] = true
	}
	for _, match := range regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(page.Text, -1) {
		if !ids[match[1]] {
			t.Errorf("a link to #%s, which is nowhere: there are %v", match[1], slices.Sorted(maps.Keys(ids)))
		}
	}
}

func TestDocumentsAreCached(t *testing.T) {
	c := newClient(t)
	for _, path := range []string{"/v2/schema", "/v2/openapi.json", "/v2/docs"} {
		whole := c.Do("GET", path, "", "Authorization", "")
		etag := whole.Header.Get("ETag")
		if whole.StatusCode != http.StatusOK || etag == "" || strings.Contains(whole.Text, schema.ExampleOrigin) || !strings.Contains(whole.Text, c.URL) {
			t.Errorf("%s: %d %v", path, whole.StatusCode, whole.Header)
		}
		for header, want := range map[string]int{etag: 304, "W/" + etag: 304, `"x", ` + etag: 304, "*": 304, `"x"`: 200, "": 200} {
			if a := c.Do("GET", path, "", "If-None-Match", header); a.StatusCode != want || (a.Text == "") != (want == 304) || a.Header.Get("ETag") != etag {
				t.Errorf("%s, If-None-Match %s: %d, %d bytes", path, header, a.StatusCode, len(a.Text))
			}
		}
		lines, err := http.NewRequest("GET", c.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		lines.Header["If-None-Match"] = []string{`"x"`, etag} // two lines of one name are one list
		response, err := http.DefaultTransport.RoundTrip(lines)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusNotModified {
			t.Errorf("%s, If-None-Match on two lines: %d", path, response.StatusCode)
		}
		if head := c.Do("HEAD", path, ""); head.ContentLength != int64(len(whole.Text)) {
			t.Errorf("HEAD %s: length %d, want %d", path, head.ContentLength, len(whole.Text))
		}
		for host, want := range map[string]int{"cloud.example.com:8080": 200, "[::1]:8080": 200, "a$(id)": 400, "a'b": 400, "a&b": 400} {
			request, err := http.NewRequest("GET", c.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Host = host
			response, err := http.DefaultTransport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != want || response.Header.Get("ETag") == etag {
				t.Errorf("%s of host %s: %d %v", path, host, response.StatusCode, response.Header)
			}
		}
	}
}
