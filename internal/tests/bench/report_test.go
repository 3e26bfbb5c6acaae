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

// figures is how many make a whole table; only such a one is kept.
const figures = 37 + len(handlerFigures)

type report struct{ figures []figure }

var results report

func (r *report) add(f figure) { r.figures = append(r.figures, f) }

// publish prints the table, and keeps it if it is whole.
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
	docs := filepath.Join("..", "..", "docs")
	if err := os.MkdirAll(docs, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(docs, "benchmarks.md"), []byte(text), 0o644)
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

const method = `All but the handlers is measured against the real program, from outside, over its API on
loopback. A bare QEMU is one with the arguments of the droplet's, on a fresh
overlay of the same image, with a metadata service that gives the same answers
through the same relay; droplet and bare QEMU take turns. The clock of the
droplet begins before the POST, that of the bare QEMU before its process.

Handlers are those of a whole cloud with simulated machines, called in one
process without a network, which would only bring them closer to what they are
compared to. The bare handler is a router, one prepared query of the same row
with the same joins, and the same body encoded, most of which it has made
beforehand; it asks nobody for a token. What is compared takes turns, and a
ratio is the median of the turns' ratios. Validation is the part of a create's
samples in a CPU profile that are in package schema; the whole is those in the
API's handler, to the commit on disk, while no action runs.

dnsperf asks Rockpool's name server, Debian's NSD and Debian's Knot in turns for
the same names of the same 10,000 zones, as fast as they answer; one name in ten
does not exist. Each runs with as many workers as there are processors and
without a bound of the rate. CPU is that of all of a server's processes, the
kernel's part for its sockets with it.

Records are changed by 32 clients over 200 domains: each makes a record, changes
it and removes it, and asks for it by UDP as soon as it has each answer, which is
wrong unless it has that change and nothing else. Others ask meanwhile for what
does not change in the same domains. Clients and server share the processors.
`

// machine tells what the figures were measured on.
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
	// The doctor's status tells of what is missing, which is not asked here.
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
