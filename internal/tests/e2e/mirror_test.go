package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
)

// guestGateway is the address at which a guest reaches the loopback address
// of its host.
const guestGateway = "172.16.254.2"

// debianMirror is the mirror in the sources of the Debian image.
const debianMirror = "http://deb.debian.org/debian"

// mirror is a mirror of Debian packages that this machine can reach. So its
// guests can reach it too.
type mirror struct {
	URL   string // without a slash at its end
	Proxy string // empty for none
}

// release is a small file that every mirror of Debian has. Its first line is
// "Origin: Debian".
func (m mirror) release() string { return m.URL + "/dists/bookworm/Release" }

// host returns the host name of the mirror.
func (m mirror) host() string {
	u, err := url.Parse(m.URL)
	if err != nil {
		return m.URL
	}
	return u.Hostname()
}

// needMirror returns the first mirror that answers: the one of the image, or
// one that apt uses on this machine. If none does, it skips the test.
func needMirror(t *testing.T) mirror {
	t.Helper()
	proxy := aptProxy()
	var all error
	for _, source := range append([]string{debianMirror}, aptSources()...) {
		m := mirror{source, proxy}
		if err := m.check(); err != nil {
			all = errors.Join(all, err)
			continue
		}
		m.Proxy = fromGuest(proxy)
		return m
	}
	needs.Skip(t, "a mirror of Debian: %v", all)
	return mirror{}
}

// check reads the release file of the mirror.
func (m mirror) check() error {
	transport := &http.Transport{Proxy: func(*http.Request) (*url.URL, error) {
		if m.Proxy == "" {
			return nil, nil
		}
		return url.Parse(m.Proxy)
	}}
	defer transport.CloseIdleConnections()
	client := http.Client{Timeout: 20 * time.Second, Transport: transport}
	answer, err := client.Get(m.release())
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	line, err := bufio.NewReader(io.LimitReader(answer.Body, 100)).ReadString('\n')
	if err != nil || line != "Origin: Debian\n" {
		return fmt.Errorf("%s: %s, it begins with %q", m.release(), answer.Status, line)
	}
	return nil
}

// aptSources returns the sources of apt on this machine; empty if there is no
// apt.
func aptSources() (urls []string) {
	output, err := exec.Command("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages").Output()
	if err != nil {
		return nil
	}
	for line := range strings.FieldsSeq(string(output)) {
		if strings.HasPrefix(line, "http") {
			urls = append(urls, strings.TrimSuffix(line, "/"))
		}
	}
	return urls
}

// aptProxy returns the proxy that apt uses here.
func aptProxy() string {
	output, err := exec.Command("apt-config", "dump", "--format", "%v%n", "Acquire::http::Proxy").Output()
	if proxy := strings.TrimSpace(string(output)); err == nil && proxy != "" && proxy != "DIRECT" {
		return proxy
	}
	return os.Getenv("http_proxy")
}

// fromGuest returns the proxy's address for a guest.
func fromGuest(proxy string) string {
	u, err := url.Parse(proxy)
	if err != nil {
		return proxy
	}
	address, err := netip.ParseAddr(u.Hostname())
	if u.Hostname() != "localhost" && (err != nil || !address.IsLoopback()) {
		return proxy
	}
	u.Host = net.JoinHostPort(guestGateway, u.Port())
	return u.String()
}

// cloudConfig returns user data that makes apt in a guest use the mirror;
// empty if the guest uses it already.
func (m mirror) cloudConfig() string {
	if m == (mirror{URL: debianMirror}) {
		return ""
	}
	config := "apt:\n  preserve_sources_list: false\n  sources_list: deb " + m.URL + " $RELEASE main\n"
	if m.Proxy != "" {
		config += "  http_proxy: " + m.Proxy + "\n"
	}
	return config
}
