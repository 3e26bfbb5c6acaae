package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

func TestSSHArguments(t *testing.T) {
	address := "127.18.0.2"
	forwards := func(ports ...int) (all []compute.Forward) {
		for i := 0; i < len(ports); i += 2 {
			all = append(all, compute.Forward{HostPort: ports[i], GuestPort: ports[i+1]})
		}
		return all
	}
	active := found{ID: 7, Name: "web-1", Status: "active", Created: "2026-01-02T03:04:05Z", PublicIP: &address}
	for _, test := range []struct {
		name   string
		change func(d *found)
		want   string // of the arguments or the error
	}{
		{"high port", func(d *found) { d.Forwards = forwards(8080, 80, 2222, 22) },
			"-p 2222 -o HostKeyAlias=rockpool-7-2026-01-02T03:04:05Z -o StrictHostKeyChecking=accept-new me@127.18.0.2 uptime"},
		{"no forwards", func(d *found) {}, "-p 22 -o HostKeyAlias=rockpool-7-2026-01-02T03:04:05Z -o StrictHostKeyChecking=accept-new me@127.18.0.2 uptime"},
		{"another port alone", func(d *found) { d.Forwards = forwards(8080, 80) }, "port 22 of web-1 can't be reached"},
		{"off", func(d *found) { d.Status = "off" }, "web-1 is off; switch it on with: doctl compute droplet-action power-on 7"},
		{"new", func(d *found) { d.Status = "new" }, "web-1 is still being made"},
		{"no address", func(d *found) { d.PublicIP = nil }, "web-1 has no public address"},
	} {
		d := active
		test.change(&d)
		args, err := (&sshCommand{User: "me", Args: []string{"uptime"}}).arguments(d)
		got := strings.Join(args, " ")
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

// All arguments after the droplet name go to ssh, also flags.
func TestSSHCommandLine(t *testing.T) {
	address := "127.18.0.2"
	for line, want := range map[string]string{
		"ssh web-1":                         "root@127.18.0.2",
		"ssh web-1 uptime -p":               "root@127.18.0.2 uptime -p",
		"ssh web-1 -- -i key uptime --user": "root@127.18.0.2 -i key uptime --user",
		"ssh --user me web-1 -- ls -- -a":   "me@127.18.0.2 ls -- -a",
		"ssh --data /there web-1":           "root@127.18.0.2",
	} {
		var c cli
		parser, err := kong.New(&c, kong.Vars{"version": "", "data": "/data"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(strings.Fields(line)); err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		args, err := c.SSH.arguments(found{Status: "active", PublicIP: &address})
		if err != nil || strings.Join(args[min(6, len(args)):], " ") != want || c.SSH.Droplet != "web-1" {
			t.Errorf("%s: %q, %v; want %s", line, args, err, want)
		}
		if there := c.SSH.Data == "/there"; there != strings.Contains(line, "--data") {
			t.Errorf("%s: the folder is %q", line, c.SSH.Data)
		}
	}
}

func TestDropletIsFoundByNameOrID(t *testing.T) {
	c := newClient(t)
	for _, name := range []string{"web-1", "twin", "twin", "4"} {
		c.Create(`{"name":"` + name + `","size":"1gb","image":"micro"}`)
	}
	cloud := remote{c.URL, c.Token}
	for wanted, want := range map[string]any{
		"web-1": 1, "1": 1, "3": 3, "4": 4, "2": 2, "twin": "2 droplets have the name", "nobody": "no droplet has", "99": "no droplet has", "": "name a droplet", "../account": "no droplet has",
	} {
		d, err := cloud.droplet(t.Context(), wanted)
		if id, good := want.(int); good && (err != nil || d.ID != int64(id) || d.Status != "active" || d.PublicIP == nil || len(d.Forwards) != 1) {
			t.Errorf("%q is %+v, %v", wanted, d, err)
		}
		if text, bad := want.(string); bad && (err == nil || !strings.Contains(err.Error(), text)) {
			t.Errorf("%q is %+v, %v; want an error: %s", wanted, d, err, text)
		}
	}
	if _, err := (remote{c.URL, "dop_v1_x"}).droplet(t.Context(), "web-1"); err == nil || !strings.Contains(err.Error(), "does not accept the token") {
		t.Errorf("with a wrong token: %v", err)
	}
	if _, err := (remote{"http://127.0.0.1:1", c.Token}).droplet(t.Context(), "web-1"); err == nil || !strings.Contains(err.Error(), "rockpool serve") {
		t.Errorf("where nobody answers: %v", err)
	}
}

// The folder chooses the cloud; without a folder, the environment of doctl
// does. Consoles need the folder, because a droplet of another cloud may have
// the same id.
func TestCloudIsFoundByFolderOrEnvironment(t *testing.T) {
	here, empty := dataFlag{Data: t.TempDir()}, t.TempDir()
	for path, text := range map[string]string{here.where().URL(): "http://here\n", here.where().Token(): "secret\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name         string
		flags        remoteFlags
		want, folder remote
	}{
		{"folder", remoteFlags{Data: here.Data}, remote{"http://here", "secret"}, remote{"http://here", "secret"}},
		{"folder, not environment", remoteFlags{here.Data, "http://there", "other"}, remote{"http://here", "secret"}, remote{"http://here", "secret"}},
		{"the environment has another token", remoteFlags{here.Data, "http://here/", "other"}, remote{"http://here", "other"}, remote{"http://here", "other"}},
		{"environment", remoteFlags{"", "http://there/", "other"}, remote{"http://there", "other"}, remote{}},
		{"URL without a token", remoteFlags{"", "http://there", ""}, remote{}, remote{}},
		{"nothing", remoteFlags{Data: empty}, remote{}, remote{}},
	} {
		t.Setenv("XDG_DATA_HOME", empty)
		if os.Geteuid() == 0 && test.flags.Data == "" && test.folder == (remote{}) && fileExists(defaultData()) {
			continue // this machine has a cloud in the default folder
		}
		got, err := test.flags.open()
		if got != test.want || (err == nil) != (test.want != remote{}) {
			t.Errorf("%s: %v, %v; want %v", test.name, got, err, test.want)
		}
		got, err = test.flags.openFolder()
		if got != test.folder || (err == nil) != (test.folder != remote{}) {
			t.Errorf("%s, by the folder: %v, %v; want %v", test.name, got, err, test.folder)
		}
	}
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestConsoleOfASimulatedDroplet(t *testing.T) {
	c := newClient(t)
	c.Create(`{"name":"web-1","size":"1gb","image":"micro"}`)
	if err := os.WriteFile(c.data.where().URL(), []byte(c.URL), 0o600); err != nil {
		t.Fatal(err)
	}
	guest := guestFlags{remoteFlags: remoteFlags{Data: c.data.Data}, Droplet: "web-1"}
	for _, run := range []func() error{
		func() error { return (&logsCommand{guest}).Run(t.Context()) },
		func() error { return (&consoleCommand{guest}).Run(t.Context()) },
	} {
		if err := run(); err == nil || !strings.Contains(err.Error(), "web-1 is simulated") {
			t.Errorf("%v", err)
		}
	}
	if !slices.Contains(c.Server.Droplets.Features, "simulated") {
		t.Error("simulated droplets don't say so")
	}
}
