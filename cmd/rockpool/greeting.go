package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/address"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/panel"
	"github.com/rockpool-cloud/rockpool/internal/server"
)

// greeting is what serve prints when it is ready: addresses, and commands to
// copy.
type greeting struct {
	Version, Compute, Data string
	Lacks                  []finding // failed checks that keep machines from running
	URLs                   []string  // of the API; clients on this machine use the first
	ClearText              bool      // other machines can connect without TLS
	DNS                    string    // empty for none
	SSH                    sshWay
	Token                  string // empty: do not show it
	TokenFile              string // empty: there is no first token
}

func (g greeting) print(w io.Writer) {
	fmt.Fprintf(w, "Rockpool %s: %s machines, data in %s\n", g.Version, g.Compute, g.Data)
	for _, f := range g.Lacks {
		fmt.Fprintf(w, "No machine can run yet: %s. Mend it, without a restart, by: %s\n", f.state, f.mend)
	}
	fmt.Fprintf(w, "Panel: %s/panel\nAPI:   %s/v2, reference at %s/v2/docs\n", g.URLs[0], g.URLs[0], g.URLs[0])
	for _, url := range g.URLs[1:] {
		fmt.Fprintf(w, "       from elsewhere: %s\n", url)
	}
	if g.DNS != "" {
		fmt.Fprintf(w, "DNS:   %s\n", g.DNS)
	}
	if g.SSH.Command != "" {
		fmt.Fprintf(w, "SSH:   rockpool ssh NAME, or: %s\n", g.SSH.Command)
	}
	if g.SSH.Mend != "" {
		fmt.Fprintf(w, "       port 22 can't be had here; new droplets will have it after: %s\n", g.SSH.Mend)
	}
	if g.ClearText {
		fmt.Fprint(w, "Warning: without TLS tokens cross the network in clear text, for all to read; give --tls-certificate and --tls-key\n")
	}
	fmt.Fprintf(w, "\nexport DIGITALOCEAN_API_URL=%s\n", g.URLs[0])
	switch {
	case g.Token != "":
		fmt.Fprintf(w, "export DIGITALOCEAN_ACCESS_TOKEN=%s\n", g.Token)
	case g.TokenFile != "":
		fmt.Fprintf(w, "export DIGITALOCEAN_ACCESS_TOKEN=$(cat %s)\n", shellWord(g.TokenFile))
	default:
		fmt.Fprintf(w, "# there is no first token; make another with: rockpool token create --data %s\n", shellWord(g.Data))
	}
}

// greeting returns the greeting of a cloud that listens on that address. It
// contains the token only for a terminal, because journals and log files are
// stored.
func (c *serveCommand) greeting(ctx context.Context, at netip.AddrPort, dns string, terminal bool) greeting {
	g := greeting{
		Version: version, Compute: c.Compute, Data: c.Data, URLs: urls(c.scheme(), at, localAddresses()),
		ClearText: c.scheme() == "http" && !at.Addr().IsLoopback(), DNS: dns, SSH: c.ssh(),
	}
	if server.TraitsOf(c.Compute).Real {
		g.Lacks = missing(ctx)
	}
	if text, err := os.ReadFile(c.where().Token()); err == nil {
		g.TokenFile = c.where().Token()
		if terminal {
			g.Token = strings.TrimSpace(string(text))
		}
	}
	return g
}

// missing returns the failed checks that keep machines from running.
func missing(ctx context.Context) (all []finding) {
	for _, f := range programs(ctx) {
		if f.vital && f.mend != "" {
			all = append(all, f)
		}
	}
	return all
}

// urls returns the URLs of a server that listens on that address. For a
// server on all addresses they are the loopback address, and then the other
// addresses of this machine.
func urls(scheme string, at netip.AddrPort, local []netip.Addr) []string {
	hosts := []netip.Addr{at.Addr()}
	if at.Addr().IsUnspecified() {
		hosts = append([]netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, local...)
	}
	all := make([]string, len(hosts))
	for i, host := range hosts {
		all[i] = scheme + "://" + netip.AddrPortFrom(host, at.Port()).String()
	}
	return all
}

// localAddresses returns the addresses at which other machines may reach this
// one.
func localAddresses() (all []netip.Addr) {
	found, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	for _, a := range found {
		prefix, err := netip.ParsePrefix(a.String())
		if err == nil && prefix.Addr().IsGlobalUnicast() {
			all = append(all, prefix.Addr())
		}
	}
	return all
}

// sshWay describes how users reach droplets by SSH on this machine.
type sshWay struct {
	Command string // empty: port 22 of droplets is not forwarded
	Mend    string // the command that gives new droplets port 22; empty if they have it
}

// ssh checks port 22 on the last address of the pool, which the last of all
// droplets would get.
func (c *serveCommand) ssh() sshWay {
	if !slices.Contains(c.Forward, 22) {
		return sshWay{}
	}
	if !server.TraitsOf(c.Compute).BindsPorts || address.Usable(netip.AddrPortFrom(lastHost(c.Addresses.Prefix), 22)) {
		return sshWay{Command: "ssh root@ADDRESS"}
	}
	return sshWay{Command: "ssh -p 2222 root@ADDRESS", Mend: mendSSHPort()}
}

// panelSSH returns the login command that the panel shows.
func (c *serveCommand) panelSSH() panel.SSH {
	way := c.ssh()
	return panel.SSH{Command: strings.Replace(way.Command, "ADDRESS", "$(doctl compute droplet get web-1 --template '{{.PublicIPv4}}')", 1), Mend: way.Mend}
}

// lastHost returns the last address of an IPv4 prefix before the broadcast
// address.
func lastHost(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().As4()
	for bit := p.Bits(); bit < 31; bit++ {
		b[bit/8] |= 1 << (7 - bit%8)
	}
	return netip.AddrFrom4(b)
}

// shellWord quotes the text for a shell if it needs quotes.
func shellWord(text string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%"
	if strings.Trim(text, plain) == "" && text != "" {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// part prints how many machines continue to run after the cloud has ended.
func (c *serveCommand) part(w io.Writer, engine compute.Engine) {
	if !server.TraitsOf(c.Compute).Real {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	switch n := running(ctx, engine); n {
	case 0:
	case 1:
		fmt.Fprint(w, "1 machine goes on running. rockpool serve finds it again; to stop it, power off its droplet there.\n")
	default:
		fmt.Fprintf(w, "%d machines go on running. rockpool serve finds them again; to stop them, power off their droplets there.\n", n)
	}
}

// running returns the number of running machines.
func running(ctx context.Context, engine compute.Engine) (n int) {
	ids, err := engine.List(ctx)
	if err != nil {
		return 0
	}
	for _, id := range ids {
		if state, err := engine.State(ctx, id); err == nil && state == compute.Running {
			n++
		}
	}
	return n
}
