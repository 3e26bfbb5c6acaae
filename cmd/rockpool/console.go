package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/rockpool-cloud/rockpool/internal/machines/qemu"
)

type consoleCommand struct{ guestFlags }

func (c *consoleCommand) Run(ctx context.Context) error {
	d, dir, err := c.machine(ctx)
	if err != nil {
		return err
	}
	if err := d.mustRun(); err != nil {
		return err
	}
	guest, err := qemu.AttachConsole(ctx, dir, d.ID)
	if err != nil {
		return c.explain(d, err)
	}
	defer guest.Close()
	fmt.Fprintf(os.Stderr, "At the console of %s; leave it with Ctrl-]. Enter may bring a prompt.\n", d.Name)
	if in := int(os.Stdin.Fd()); term.IsTerminal(in) {
		before, err := term.MakeRaw(in)
		if err != nil {
			return err
		}
		defer func() {
			_ = term.Restore(in, before) // nothing else can be done
			fmt.Fprintln(os.Stderr)
		}()
	}
	return talk(ctx, guest, os.Stdin, os.Stdout)
}

// leaveKey is the byte that a terminal sends for Ctrl-], as in telnet and
// virsh.
const leaveKey = 0x1d

// talk copies input to the guest, and the output of the guest to out. It
// returns when the input has leaveKey, when the guest ends, or when ctx ends.
// It does not return at the end of in: a script that sends a file waits for
// the output.
func talk(ctx context.Context, guest io.ReadWriteCloser, in io.Reader, out io.Writer) error {
	typed, shown := make(chan error, 1), make(chan error, 1)
	go func() { typed <- copyTyped(guest, in) }()
	go func() {
		_, err := io.Copy(out, guest)
		shown <- err
	}()
	for {
		select {
		case err := <-typed:
			if !errors.Is(err, io.EOF) {
				return err
			}
			typed = nil
		case err := <-shown:
			return err
		case <-ctx.Done():
			return nil
		}
	}
}

// copyTyped copies in to the guest. It returns nil at leaveKey, and io.EOF at
// the end of in.
func copyTyped(guest io.Writer, in io.Reader) error {
	buffer := make([]byte, 1024)
	for {
		n, err := in.Read(buffer)
		keys, _, leave := bytes.Cut(buffer[:n], []byte{leaveKey})
		if len(keys) > 0 {
			if _, err := guest.Write(keys); err != nil {
				return err
			}
		}
		if leave {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
