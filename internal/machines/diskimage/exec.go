package diskimage

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// patience is how long a cancelled command may clean up before it is killed.
const patience = 10 * time.Second

// errorLines is how many of the last lines of a command's standard error go
// into the error.
const errorLines = 6

// command is an external program to run.
type command struct {
	name  string
	args  []string
	dir   string
	env   []string  // added to the environment of this process
	stdin io.Reader // nil for none
	out   io.Writer // nil to drop it
	files []*os.File
}

// run runs a program in dir.
func run(ctx context.Context, dir, name string, args ...string) error {
	return command{name: name, args: args, dir: dir}.run(ctx)
}

// run waits until the program ends. Its error has the last lines that the program
// wrote to standard error. When ctx or this process ends, the program and all
// processes that it has started are ended.
func (c command) run(ctx context.Context) error {
	path, err := findTool(c.name)
	if err != nil {
		return err
	}
	guard, err := startGuard()
	if err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	defer guard.end()
	var stderr tail
	cmd := exec.CommandContext(ctx, path, c.args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "PATH="+strings.Join(searchPath(), ":"), "LC_ALL=C.UTF-8")
	cmd.Env = append(cmd.Env, c.env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.stdin, c.out, &stderr
	cmd.ExtraFiles = c.files
	cmd.SysProcAttr = guard.group()
	cmd.Cancel = func() error { return guard.signal(syscall.SIGTERM) }
	cmd.WaitDelay = patience
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", c.name, context.Cause(ctx))
	case err != nil:
		return fmt.Errorf("%s: %w: %s", c.name, err, stderr.lines(errorLines))
	}
	return nil
}

// searchPath is PATH and the folders of system programs, which an ordinary
// user's PATH lacks on Debian.
func searchPath() []string {
	return append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/sbin")
}

// findTool returns the path of the program with that name.
func findTool(name string) (string, error) {
	if filepath.IsAbs(name) {
		return name, nil
	}
	for _, dir := range searchPath() {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not installed", name)
}

// tail keeps the end of what is written to it.
type tail struct{ kept []byte }

const tailBytes = 8 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if extra := len(t.kept) - tailBytes; extra > 0 {
		t.kept = append(t.kept[:0], t.kept[extra:]...)
	}
	return len(p), nil
}

// lines returns the last n lines, joined to one.
func (t *tail) lines(n int) string {
	lines := bytes.Split(bytes.TrimSpace(t.kept), []byte("\n"))
	lines = lines[max(0, len(lines)-n):]
	return string(bytes.Join(lines, []byte("; ")))
}
