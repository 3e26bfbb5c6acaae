// Postgres runs a command beside a PostgreSQL server that all tests started by
// the command share:
//
//	go run ./internal/tests/postgres go test ./...
//
// The server ends with the command. The exit status is the command's. Where
// PostgreSQL is not installed the command runs without it, and tests that need
// it say so.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
)

func main() {
	runtime.LockOSThread() // the server ends when the thread that started it does
	status, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "postgres:", err)
		status = max(status, 1)
	}
	os.Exit(status)
}

func run(command []string) (status int, err error) {
	if len(command) == 0 {
		return 2, errors.New("no command given")
	}
	// An interrupt from the terminal reaches the command by itself.
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = os.Environ()
	if storetest.Installed() {
		folder, end, failed := storetest.Serve()
		if failed != nil {
			return 1, failed
		}
		defer func() { err = errors.Join(err, end()) }()
		cmd.Env = append(cmd.Env, storetest.SharedServer+"="+folder)
	}
	err = cmd.Run()
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), nil
	}
	return 0, err
}
