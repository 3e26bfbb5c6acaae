package diskimage

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// guard is a process group that does not outlive this process, even if that is
// killed. Its leader waits for the end of a pipe that only this process holds
// open, and then kills the group. A child that this process was about to start
// holds the pipe too until it runs its program, and is in the group by then, so
// that no moment is left in which it could escape.
type guard struct {
	leader *exec.Cmd
	alive  *os.File
}

// guardScript does not end with the group's other processes when they are asked
// to: they may take their time.
const guardScript = "trap '' TERM; read -r end; kill -KILL 0"

func startGuard() (*guard, error) {
	ended, alive, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer ended.Close()
	leader := exec.Command("/bin/sh", "-c", guardScript)
	leader.Dir, leader.Stdin = "/", ended
	leader.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := leader.Start(); err != nil {
		_ = alive.Close()
		return nil, fmt.Errorf("starting the guard of a command: %w", err)
	}
	return &guard{leader, alive}, nil
}

// group is what a command needs to be in the group.
func (g *guard) group() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pgid: g.leader.Process.Pid}
}

// signal sends a signal to the whole group. The leader is not waited for before
// the end, and so its number cannot have become another's.
func (g *guard) signal(s syscall.Signal) error {
	return syscall.Kill(-g.leader.Process.Pid, s)
}

// end kills whatever is left of the group.
func (g *guard) end() {
	_ = g.signal(syscall.SIGKILL)
	_ = g.alive.Close()
	_ = g.leader.Wait() // says that it was killed
}
