package main

import (
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/simulated"
)

// greet returns the greeting that the command would print.
func greet(t *testing.T, c *serveCommand, at string, terminal bool) string {
	t.Helper()
	var out strings.Builder
	c.greeting(t.Context(), netip.MustParseAddrPort(at), "127.0.0.1:5300", terminal).print(&out)
	return out.String()
}

func newServe(t *testing.T) *serveCommand {
	return &serveCommand{
		dataFlag: dataFlag{Data: t.TempDir()}, Compute: "qemu", Forward: []uint16{22},
		Addresses: addressing{netip.MustParsePrefix("127.18.0.0/16")},
	}
}

// The greeting contains the token only for a terminal, not for a journal or a
// log file.
func TestGreetingShowsTheTokenToTerminalsOnly(t *testing.T) {
	c := newServe(t)
	const token = "dop_v1_0123"
	if err := os.WriteFile(c.where().Token(), []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := greet(t, c, "127.0.0.1:8080", true); !strings.Contains(got, "export DIGITALOCEAN_ACCESS_TOKEN="+token+"\n") {
		t.Errorf("at a terminal:\n%s", got)
	}
	got := greet(t, c, "127.0.0.1:8080", false)
	if strings.Contains(got, token) || !strings.Contains(got, "export DIGITALOCEAN_ACCESS_TOKEN=$(cat "+c.where().Token()+")\n") {
		t.Errorf("into a file:\n%s", got)
	}
	if err := os.Remove(c.where().Token()); err != nil {
		t.Fatal(err)
	}
	got = greet(t, c, "127.0.0.1:8080", true)
	if !strings.Contains(got, "rockpool token create --data "+c.Data) || strings.Contains(got, "DIGITALOCEAN_ACCESS_TOKEN") {
		t.Errorf("without the first token:\n%s", got)
	}
}

func TestGreetingHasUsableAddresses(t *testing.T) {
	const warning = "clear text"
	for _, test := range []struct {
		at, certificate string
		want, not       []string
	}{
		{"127.0.0.1:8080", "", []string{"API_URL=http://127.0.0.1:8080\n"}, []string{warning, "from elsewhere"}},
		{"[::1]:8080", "", []string{"API_URL=http://[::1]:8080\n"}, []string{warning}},
		{"[::]:8082", "", []string{"API_URL=http://127.0.0.1:8082\n", warning, "--tls-certificate"}, []string{"[::]"}},
		{"0.0.0.0:8082", "", []string{"API_URL=http://127.0.0.1:8082\n", warning}, []string{"0.0.0.0"}},
		{"192.0.2.1:80", "", []string{"API_URL=http://192.0.2.1:80\n", warning}, nil},
		{"[::]:443", "c.pem", []string{"API_URL=https://127.0.0.1:443\n"}, []string{warning, "[::]"}},
	} {
		c := newServe(t)
		c.TLSCertificate = test.certificate
		got := greet(t, c, test.at, true)
		for _, want := range test.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s does not have %q:\n%s", test.at, want, got)
			}
		}
		for _, not := range test.not {
			if strings.Contains(got, not) {
				t.Errorf("%s has %q:\n%s", test.at, not, got)
			}
		}
	}
	local := []netip.Addr{netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("2001:db8::1")}
	want := []string{"http://127.0.0.1:1", "http://192.0.2.7:1", "http://[2001:db8::1]:1"}
	if got := urls("http", netip.MustParseAddrPort("[::]:1"), local); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Without QEMU, the greeting says that no machine can run, and how to install
// QEMU.
func TestGreetingWithoutQEMU(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	c := newServe(t)
	got := greet(t, c, "127.0.0.1:8080", true)
	for _, want := range []string{"No machine can run yet", "sudo apt-get install qemu-system-x86", "sudo apt-get install qemu-utils"} {
		if !strings.Contains(got, want) {
			t.Errorf("it does not say %q:\n%s", want, got)
		}
	}
	c.Compute = "simulated"
	if got := greet(t, c, "127.0.0.1:8080", true); strings.Contains(got, "No machine") {
		t.Errorf("for simulated machines:\n%s", got)
	}
}

func TestGreetingSaysHowToLogIn(t *testing.T) {
	for _, test := range []struct {
		way       sshWay
		want, not string
	}{
		{sshWay{Command: "ssh root@ADDRESS"}, "rockpool ssh NAME, or: ssh root@ADDRESS\n", "port 22"},
		{sshWay{Command: "ssh -p 2222 root@ADDRESS", Mend: "sudo sysctl x=22"}, "ssh -p 2222 root@ADDRESS\n       port 22 can't be had here; new droplets will have it after: sudo sysctl x=22\n", "ssh root@"},
		{sshWay{}, "API:", "SSH"},
	} {
		var out strings.Builder
		greeting{URLs: []string{"http://127.0.0.1:80"}, SSH: test.way}.print(&out)
		if got := out.String(); !strings.Contains(got, test.want) || strings.Contains(got, test.not) {
			t.Errorf("%+v:\n%s", test.way, got)
		}
	}
	c := newServe(t)
	c.Forward = []uint16{80}
	if way := c.ssh(); way != (sshWay{}) {
		t.Errorf("without port 22 forwarded: %+v", way)
	}
}

func TestLastHost(t *testing.T) {
	for prefix, want := range map[string]string{"127.18.0.0/16": "127.18.255.254", "127.18.3.7/24": "127.18.3.254", "127.0.0.0/8": "127.255.255.254"} {
		if got := lastHost(netip.MustParsePrefix(prefix)).String(); got != want {
			t.Errorf("%s: %s, want %s", prefix, got, want)
		}
	}
}

func TestShellWord(t *testing.T) {
	for text, want := range map[string]string{"/a/b-1": "/a/b-1", "": "''", "/a b": "'/a b'", "it's": `'it'\''s'`, "$(x)": "'$(x)'"} {
		if got := shellWord(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// At its end, the cloud prints how many machines continue to run.
func TestPartingCountsMachines(t *testing.T) {
	engine, err := simulated.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	if err := engine.Recover(t.Context(), func(compute.Event) {}); err != nil {
		t.Fatal(err)
	}
	c := newServe(t)
	for id, want := range []string{"", "1 machine goes on running", "2 machines go on running"} {
		var out strings.Builder
		c.part(&out, engine)
		if got := out.String(); !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("with %d machines: %q", id, got)
		}
		spec := compute.Spec{
			ID: int64(id) + 1, Hostname: "a", VCPUs: 1, MemoryMB: 256, Disks: []compute.Disk{{SizeGB: 1}},
			Interfaces: []compute.Interface{{MAC: "02:00:00:00:00:01", Address: netip.MustParseAddr("127.18.0.2")}},
		}
		if err := engine.Create(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		if err := engine.Start(t.Context(), spec.ID); err != nil {
			t.Fatal(err)
		}
	}
	if err := engine.Stop(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if n := running(t.Context(), engine); n != 2 {
		t.Errorf("%d machines run, want 2 of 3", n)
	}
}
