package contract

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/tests/servertest"
)

// fewFiles is an environment variable that makes this test program the cloud.
const fewFiles = "ROCKPOOL_TEST_FEW_FILES"

// serveFewFiles serves a cloud that may open 64 files, until its input ends.
func serveFewFiles(t *testing.T) {
	limited := unix.Rlimit{Cur: 64, Max: 64}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limited); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, manyDroplets)
	fmt.Printf("serving %s %s\n", c.URL, c.Token)
	io.Copy(io.Discard, os.Stdin)
}

// Many idle clients connect to a cloud that may open few files. It still
// serves the existing client and a new one, and creates droplets, for which
// the database needs files.
func TestIdleConnectionsDoNotUseUpFiles(t *testing.T) {
	if os.Getenv(fewFiles) != "" {
		serveFewFiles(t)
		return
	}
	command := exec.Command("/proc/self/exe", "-test.run=^TestIdleConnectionsDoNotUseUpFiles$", "-test.timeout=60s")
	command.Env = append(os.Environ(), fewFiles+"=1")
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		input.Close()
		if err := command.Wait(); err != nil {
			t.Errorf("the cloud: %v", err)
		}
	}()
	c := &client{servertest.Client{T: t, HTTP: &http.Transport{DisableKeepAlives: true, ResponseHeaderTimeout: patience}}}
	said := bufio.NewReader(output)
	line, err := said.ReadString('\n')
	if n, _ := fmt.Sscanf(line, "serving %s %s", &c.URL, &c.Token); n != 2 {
		t.Fatalf("the cloud says %q, %v", line, err)
	}
	go io.Copy(io.Discard, said)
	there := c.dial(t)
	r := bufio.NewReader(there)
	for i := range 10 {
		for range 50 {
			conn, err := net.Dial("tcp", strings.TrimPrefix(c.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if i == 0 { // between the others, so that this connection is never the longest idle
				write(t, there, c.wire(get("/v2/account", "")))
				if a := readAnswer(t, r, "GET"); a.StatusCode != http.StatusOK {
					t.Fatalf("the client that is there: %d %s", a.StatusCode, a.Text)
				}
			}
		}
		if a := c.Do("POST", "/v2/droplets", with(fmt.Sprintf(`"name":"web-%d"`, i))); a.StatusCode != http.StatusAccepted {
			t.Fatalf("after %d connections: %d %s", 50*(i+1), a.StatusCode, a.Text)
		}
	}
	if a := c.Do("GET", "/v2/droplets", ""); a.At("meta", "total") != 10.0 {
		t.Errorf("droplets: %s", a.Text)
	}
}
