package proc

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// child starts a program that ends when its standard input does, in a folder of
// its own.
func child(t *testing.T) (cmd *exec.Cmd, end io.Closer) {
	t.Helper()
	cmd = exec.Command("/bin/cat")
	cmd.Dir = t.TempDir()
	end, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd, end
}

func open(t *testing.T, pid int) *Process {
	t.Helper()
	p, err := Open(pid)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func TestWaitForTheEnd(t *testing.T) {
	cmd, end := child(t)
	p := open(t, cmd.Process.Pid)
	if p.HasEnded() {
		t.Error("it has ended before it was told to")
	}
	waited := make(chan error)
	go func() { waited <- p.Wait() }()
	end.Close()
	if err := <-waited; err != nil || !p.HasEnded() {
		t.Errorf("Wait gives %v, HasEnded %v", err, p.HasEnded())
	}
	if err := p.Kill(); err != nil {
		t.Errorf("what has ended can't be killed: %v", err)
	}
	if _, err := Open(p.PID); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("it was not reaped: %v", err)
	}
}

func TestKill(t *testing.T) {
	cmd, _ := child(t)
	p := open(t, cmd.Process.Pid)
	if err := errors.Join(p.Kill(), p.WaitKilled()); err != nil {
		t.Error(err)
	}
}

func TestCloseEndsAWait(t *testing.T) {
	cmd, _ := child(t)
	p := open(t, cmd.Process.Pid)
	waited := make(chan error)
	go func() { waited <- p.Wait() }()
	p.Close()
	if err := <-waited; err == nil {
		t.Error("Wait returned as if the process had ended")
	}
	if state(cmd.Process.Pid) == "" {
		t.Error("the process has ended")
	}
}

func TestWhatIsKnownOfAProcess(t *testing.T) {
	cmd, _ := child(t)
	pid := cmd.Process.Pid
	folder, err := os.Stat(cmd.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := In(folder); !slices.Equal(got, []int{pid}) {
		t.Errorf("processes %v work in the folder, want %d", got, pid)
	}
	if got := Parent(pid); got != os.Getpid() {
		t.Errorf("its parent is %d, want %d", got, os.Getpid())
	}
	if got := CommandLine(pid); !slices.Equal(got, []string{"/bin/cat"}) {
		t.Errorf("its command line is %q", got)
	}
	if got, ok := User(pid); !ok || int(got) != os.Geteuid() || !slices.Contains(Users(), got) {
		t.Errorf("its user is %d, %v", got, ok)
	}
	if !slices.Contains(All(), pid) {
		t.Error("it is not among all processes")
	}
	null, err := os.Stat("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	for file, want := range map[os.FileInfo]bool{null: true, folder: false} {
		if open, err := HasOpen(pid, file); err != nil || open != want {
			t.Errorf("it has %s open: %v, %v", file.Name(), open, err)
		}
	}
}

func TestAilment(t *testing.T) {
	cmd, _ := child(t)
	p := open(t, cmd.Process.Pid)
	if got := p.Ailment(); got != "" {
		t.Errorf("a process that is well: %q", got)
	}
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(p.PID, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("it has not stopped: %v, %v", status, err)
	}
	if got, want := p.Ailment(), ": its process "+strconv.Itoa(p.PID)+" is stopped"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestStartTime(t *testing.T) {
	const stat = "1 (a ) b) S 0 1 1 0 -1 4194560 5 6 7 8 9 10 11 12 20 0 1 0 4711 100 200\n"
	if got, err := startTime([]byte(stat)); err != nil || got != "4711" {
		t.Errorf("%q, %v", got, err)
	}
	own, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		t.Fatal(err)
	}
	got, err := startTime(own)
	if ticks, _ := strconv.Atoi(got); err != nil || ticks == 0 {
		t.Errorf("of this process %q, %v", got, err)
	}
	for _, short := range []string{"", "1 (a) S 0"} {
		if got, err := startTime([]byte(short)); err == nil {
			t.Errorf("%q has the start time %q", short, got)
		}
	}
}
