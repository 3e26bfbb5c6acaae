package bench

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

const (
	starts   = 7
	idleTime = 10 * time.Second
)

// BenchmarkStart measures the time from the start of the process to its first
// response.
func BenchmarkStart(b *testing.B) {
	var fresh, existing samples
	for range starts {
		s := rockpooltest.New(b, "--log-level", "info")
		fresh = append(fresh, firstAnswer(b, s))
		s.Stop()
		existing = append(existing, firstAnswer(b, s))
		s.Stop()
	}
	record(b, "start to first answer, new data, median", fresh, fresh.median(), "ms", 300)
	record(b, "start to first answer, existing data, median", existing, existing.median(), "ms", 300)
}

func firstAnswer(b *testing.B, s *rockpooltest.Server) float64 {
	b.Helper()
	began := time.Now()
	s.Start()
	if _, _, err := s.Client().Account.Get(b.Context()); err != nil {
		b.Fatal(err)
	}
	return milliseconds(time.Since(began))
}

// BenchmarkIdleMemory measures a server with the QEMU engine that has
// answered a request and has then been idle for a while.
func BenchmarkIdleMemory(b *testing.B) {
	s := rockpooltest.Start(b, "--log-level", "info")
	if _, _, err := s.Client().Sizes.List(b.Context(), nil); err != nil {
		b.Fatal(err)
	}
	<-time.After(idleTime) // the server must be idle for a while
	resident := samples{residentMB(b, s.PID())}
	record(b, fmt.Sprintf("idle: resident memory after %.0f s", idleTime.Seconds()), resident, resident[0], "MB", 60)
}

// residentMB returns VmRSS of proc_pid_status(5) in MB of 10^6 bytes.
func residentMB(b *testing.B, pid int) float64 {
	b.Helper()
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			var kib float64
			if _, err := fmt.Sscan(value, &kib); err != nil {
				b.Fatal(err)
			}
			return kib * 1024 / 1e6
		}
	}
	b.Fatal("no VmRSS")
	return 0
}
