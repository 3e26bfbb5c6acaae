package bench

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

// bare is a QEMU with the arguments of the QEMU of a droplet. Its folder is
// as deep below the data as that of the droplet, so that relative paths work.
type bare struct {
	args     []string
	dir      string
	metadata map[string]string // response bodies, by path
}

// bareLike copies the arguments and the metadata of a running droplet, and
// creates a new disk.
func bareLike(b *testing.B, s *rockpooltest.Server, droplet, number int) bare {
	b.Helper()
	_, args := s.QEMU(droplet)
	m := bare{args: args, dir: filepath.Join(s.Data, "bare", strconv.Itoa(number)), metadata: map[string]string{}}
	if err := os.MkdirAll(m.dir, 0o755); err != nil {
		b.Fatal(err)
	}
	create := exec.Command("qemu-img", "create", "-q", "-u", "-f", "qcow2", "-F", "qcow2",
		"-b", "../../images/micro.qcow2", "disk.qcow2", "10G")
	create.Dir = m.dir
	if output, err := create.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, output)
	}
	m.learn(b, filepath.Join(s.Data, "droplets", strconv.Itoa(droplet)), "/metadata/v1/")
	return m
}

// learn reads everything below a path of the metadata service of a droplet.
func (m bare) learn(b *testing.B, folder, path string) {
	b.Helper()
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(folder, "metadata.sock"))
		},
	}}
	response, err := client.Get("http://metadata" + path)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s, %v", path, response.Status, err)
	}
	m.metadata[path] = string(text)
	if strings.HasSuffix(path, "/") && !strings.HasSuffix(path, "tags/") {
		for name := range strings.FieldsSeq(string(text)) {
			m.learn(b, folder, path+name)
		}
	}
}

// boot returns the seconds from the start of QEMU to the SSH banner of the
// guest.
func (m bare) boot(b *testing.B, address string) float64 {
	b.Helper()
	answers, err := net.Listen("unix", filepath.Join(m.dir, "metadata.sock"))
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := m.metadata[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, text)
	})}
	go server.Serve(answers)
	defer server.Close()
	cmd := m.command(b)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed
	}()
	if err := rockpooltest.AwaitBanner(address, rockpooltest.Patience); err != nil {
		b.Fatal(err)
	}
	return time.Since(began).Seconds()
}

// command returns the command of QEMU, with the files that the QEMU of a
// droplet inherits: a lock, the QMP socket, the image, and the serial port,
// whose output is read.
func (m bare) command(b *testing.B) *exec.Cmd {
	b.Helper()
	lock, err := os.Create(filepath.Join(m.dir, "lock"))
	if err != nil {
		b.Fatal(err)
	}
	qmp, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(m.dir, "qmp.sock"), Net: "unix"})
	if err != nil {
		b.Fatal(err)
	}
	socket, err := qmp.File()
	if err != nil {
		b.Fatal(err)
	}
	image, err := os.Open(filepath.Join(m.dir, "../../images/micro.qcow2"))
	if err != nil {
		b.Fatal(err)
	}
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		b.Fatal(err)
	}
	port, console := os.NewFile(uintptr(ends[0]), "port"), os.NewFile(uintptr(ends[1]), "console")
	go io.Copy(io.Discard, console)
	b.Cleanup(func() {
		for _, c := range []io.Closer{lock, qmp, socket, image, port} {
			c.Close()
		}
	})
	cmd := exec.Command(m.args[0], m.args[1:]...)
	cmd.Dir, cmd.Env = m.dir, []string{"LC_ALL=C"}
	cmd.ExtraFiles = []*os.File{lock, socket, image, port}
	return cmd
}
