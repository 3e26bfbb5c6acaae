package helper

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// oomScore makes the kernel, when memory runs out, end a QEMU rather than
// Rockpool or anything else of the host: it counts like half of all memory
// (proc_pid_oom_score_adj(5)). Raising it needs no privilege.
const oomScore = 500

// launch prepares this process and then becomes QEMU. The limits that it sets need
// no privilege and apply from QEMU's first instruction on. processes is how many
// the machine's user may have; 0 sets no bound.
//
// It inherits the files of QEMU, except that ConsoleFD is console.log and standard
// output is qemu.log. It starts the keeper, which gets those two and ConsoleSocketFD, and
// replaces them for QEMU by a socket and a pipe to the keeper.
func launch(processes string, command []string) error {
	// First, so that the keeper does not inherit them either.
	if err := CloseOnExec(); err != nil {
		return fmt.Errorf("keep open files from QEMU: %w", err)
	}
	if err := limit(processes); err != nil {
		return fmt.Errorf("limit QEMU's processes: %w", err)
	}
	score := max(oomScore, currentScore())
	if err := os.WriteFile("/proc/self/oom_score_adj", []byte(strconv.Itoa(score)), 0); err != nil {
		return fmt.Errorf("offer QEMU to the kernel for when memory runs out: %w", err)
	}
	if err := startKeeper(); err != nil {
		return fmt.Errorf("keep QEMU's logs: %w", err)
	}
	for fd := LockFD; fd < ConsoleFD; fd++ {
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
			return fmt.Errorf("give file %d to QEMU: %w", fd, err)
		}
	}
	return fmt.Errorf("run %s: %w", command[0], syscall.Exec(command[0], command, os.Environ()))
}

func currentScore() int {
	text, err := os.ReadFile("/proc/self/oom_score_adj")
	if err != nil {
		return 0
	}
	score := 0
	fmt.Sscan(string(text), &score)
	return score
}

func limit(processes string) error {
	n, err := strconv.ParseUint(processes, 10, 32)
	if err != nil {
		return err
	}
	if n > 0 {
		if err := unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: n, Max: n}); err != nil {
			return err
		}
	}
	// A QEMU that crashes would write its guest's memory to the host's disk.
	return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
}

// startKeeper starts the keeper and replaces console.log, standard output and
// standard error by a socket and a pipe to it. QEMU does not wait for a keeper that
// does not read: it never blocks on its serial port's socket, and writes to the
// full pipe fail.
func startKeeper() error {
	console, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	var log [2]int
	if err := unix.Pipe2(log[:], unix.O_CLOEXEC); err != nil {
		return err
	}
	if err := unix.SetNonblock(log[1], true); err != nil {
		return err
	}
	// A copy, because an os.File that is garbage collected closes its file, and the
	// number ConsoleFD is that of QEMU's serial port by then.
	kept, err := unix.FcntlInt(ConsoleFD, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return err
	}
	keeper := exec.Command("/proc/self/exe", keepCommand)
	keeper.Args[0] = "rockpool"
	keeper.Env = []string{"GOMAXPROCS=1"}
	keeper.Stdin = os.NewFile(uintptr(console[0]), "console")
	keeper.ExtraFiles = []*os.File{
		keptLog - 3:     os.NewFile(uintptr(log[0]), "log"),
		keptConsole - 3: os.NewFile(uintptr(kept), "console.log"),
		keptOutput - 3:  os.Stdout,
		keptClients - 3: os.NewFile(ConsoleSocketFD, "console.sock"),
	}
	keeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := keeper.Start(); err != nil {
		return err
	}
	for _, place := range [][2]int{{console[1], ConsoleFD}, {log[1], 1}, {log[1], 2}} {
		if err := unix.Dup3(place[0], place[1], 0); err != nil {
			return err
		}
	}
	return nil
}

// CloseOnExec marks all open files but the standard ones, so that programs that
// this process runs inherit only the files that they are given.
func CloseOnExec() error {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if fd, err := strconv.Atoi(entry.Name()); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
	return nil
}
