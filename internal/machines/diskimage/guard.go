package diskimage

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// guard is a process group that does not outlive this process, even if that is
// killed. Its leader waits for the end of a pipe that only this process has open,
// and then kills the group. A new child has the pipe open too, until it runs its
// program. By then it is in the group, so it can't escape.
type guard struct {
	leader *exec.Cmd
	alive  *os.File
}

// guardScript ignores signals that ask the group to end, because the group's other
// processes may take some time to do so.
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

// group returns the attributes of a command that is in the group.
func (g *guard) group() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pgid: g.leader.Process.Pid}
}

// signal sends a signal to the whole group. The leader is reaped only by end, so
// its number can't belong to another process.
func (g *guard) signal(s syscall.Signal) error {
	return syscall.Kill(-g.leader.Process.Pid, s)
}

// end kills whatever is left of the group.
func (g *guard) end() {
	_ = g.signal(syscall.SIGKILL)
	_ = g.alive.Close()
	_ = g.leader.Wait() // its error is that it was killed
}
