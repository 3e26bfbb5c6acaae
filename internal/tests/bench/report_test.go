package bench

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

// figures is the number of figures of a complete table. Only a complete table is
// written to docs/benchmarks.md.
const figures = 37 + len(handlerFigures)

type report struct{ figures []figure }

var results report

func (r *report) add(f figure) { r.figures = append(r.figures, f) }

// publish prints the table, and writes it to docs/benchmarks.md if it is complete.
func (r *report) publish() error {
	if len(r.figures) == 0 {
		return nil
	}
	table := r.table()
	fmt.Print("\n", table, "\n")
	if len(r.figures) != figures {
		fmt.Printf("%d of %d figures: docs/benchmarks.md stays as it is\n", len(r.figures), figures)
		return nil
	}
	words, err := machine()
	if err != nil {
		return err
	}
	text := "# Benchmarks\n\n" + words + "\n" + table + "\n" + method
	return os.WriteFile(filepath.Join("..", "..", "..", "docs", "benchmarks.md"), []byte(text), 0o644)
}

func (r *report) table() string {
	var text strings.Builder
	fmt.Fprintln(&text, "| figure | samples | measured | limit | |")
	fmt.Fprintln(&text, "|---|---|---|---|---|")
	for _, f := range r.figures {
		fmt.Fprintln(&text, f.row())
	}
	return text.String()
}

const method = `Everything except the handlers is measured on the real program, from outside, over
its API on loopback. A bare QEMU has the same arguments as the droplet's, a fresh
overlay of the same image, and a metadata service that gives the same answers
through the same relay. Droplet and bare QEMU take turns. The droplet's time
begins before the POST, the bare QEMU's before its process starts.

The handlers are those of a whole cloud with simulated machines, called in one
process without a network. A network would only bring the compared figures closer
together. The bare handler is a router, one prepared query of the same row with
the same joins, and the encoding of the same body, most of which was made
beforehand; it checks no token. Handlers that are compared take turns, and a ratio
is the median of the turns' ratios. Validation is the share of package schema in
the samples of a CPU profile of creates. The whole is the samples in the API's
handler, including the commit to disk, while no action runs.

dnsperf asks Rockpool's name server, Debian's NSD and Debian's Knot in turns for
the same names of the same 10,000 zones, as fast as they answer. One name in ten
does not exist. Each server runs with as many workers as there are processors and
without a rate limit. CPU is that of all of a server's processes, including the
kernel's work for its sockets.

32 clients change records of 200 domains. Each makes a record, changes it and
removes it. After each response it queries the record by UDP. The answer is wrong
unless it has that change and nothing else. Meanwhile other clients query records
of the same domains that do not change. Clients and server share the processors.
`

// machine returns lines that describe what the figures were measured on.
func machine() (string, error) {
	var uname unix.Utsname
	if err := unix.Uname(&uname); err != nil {
		return "", err
	}
	model, err := processor()
	if err != nil {
		return "", err
	}
	qemu, err := exec.Command("qemu-system-x86_64", "--version").Output()
	if err != nil {
		return "", err
	}
	version, _, _ := strings.Cut(string(qemu), "\n")
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "", err
	}
	// The doctor's exit status says whether something is missing, which does not
	// matter here.
	doctor, _ := exec.Command(rockpooltest.Binary, "doctor", "--data", os.TempDir()).Output()
	lines := []string{
		"Written by `make bench` on " + time.Now().UTC().Format("2006-01-02") + ".", "",
		fmt.Sprintf("- processor: %s, %d cores", model, runtime.NumCPU()),
		"- kernel: Linux " + unix.ByteSliceToString(uname.Release[:]),
		"- QEMU: " + version,
		"- accelerator: " + accelerator(string(doctor)),
		"- Go: " + runtime.Version(),
		"- load at the end (1, 5, 15 minutes): " + strings.Join(strings.Fields(string(load))[:3], ", "),
	}
	return strings.Join(lines, "\n") + "\n", nil
}

func accelerator(doctor string) string {
	for line := range strings.Lines(doctor) {
		if _, text, ok := strings.Cut(line, "accelerator "); ok {
			return strings.TrimSpace(text)
		}
	}
	return "unknown"
}

func processor() (string, error) {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "", err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value), nil
		}
	}
	return "", errors.New("/proc/cpuinfo has no model name")
}
