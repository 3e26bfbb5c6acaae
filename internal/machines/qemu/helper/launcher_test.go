package helper

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/socket"
)

// collecting is set in the process that is the launcher of TestConsoleIsNotCollected.
const collecting = "ROCKPOOL_TEST_COLLECTING"

// TestConsoleIsNotCollected: Go may collect the launcher's garbage at any moment
// before it becomes QEMU. That must not close the files that QEMU inherits.
func TestConsoleIsNotCollected(t *testing.T) {
	if os.Getenv(collecting) != "" {
		if err := startKeeper(); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			collected := make(chan struct{})
			runtime.AddCleanup(&[16]byte{}, func(done chan struct{}) { close(done) }, collected)
			runtime.GC()
			<-collected
		}
		if _, err := unix.Write(ConsoleFD, []byte("said")); err != nil {
			t.Fatalf("write to the console: %v", err)
		}
		return
	}
	launcher := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.timeout=60s")
	launcher.Env = append(os.Environ(), collecting+"=1")
	dir := t.TempDir()
	for fd := LockFD; fd <= ConsoleFD; fd++ {
		f, err := os.Create(filepath.Join(dir, strconv.Itoa(fd)))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		launcher.ExtraFiles = append(launcher.ExtraFiles, f)
	}
	l, err := socket.Listen(dir, "console.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	visits, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	defer visits.Close()
	launcher.ExtraFiles = append(launcher.ExtraFiles, visits)
	if output, err := launcher.CombinedOutput(); err != nil { // ends when the keeper has, which has it open
		t.Errorf("%v: %s", err, output)
	}
	if text, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(ConsoleFD))); err != nil || string(text) != "said" {
		t.Errorf("the console's file holds %q (%v)", text, err)
	}
}

// TestLogsAreBounded writes far more to both logs than their limits.
func TestLogsAreBounded(t *testing.T) {
	dir := t.TempDir()
	line := "a line that the guest has written to its console\n"
	text := strings.Repeat(line, 8*ConsoleLimit/len(line))
	for name, limit := range map[string]int64{"console.log": ConsoleLimit, "qemu.log": outputLimit} {
		path := filepath.Join(dir, name)
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		copyToLog(strings.NewReader(text), f, limit)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		var stat syscall.Stat_t
		if err := syscall.Stat(path, &stat); err != nil {
			t.Fatal(err)
		}
		if stat.Blocks*512 > limit*3/2 {
			t.Errorf("%s occupies %d bytes", name, stat.Blocks*512)
		}
		data, err := os.ReadFile(path)
		if err != nil || !strings.HasSuffix(string(data), text[len(text)-int(limit):]) {
			t.Errorf("the end of %s was lost (%v)", name, err)
		}
	}
}
