// Package socket listens on unix sockets in folders, and connects to them,
// whatever the length of the folder's path.
package socket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// A unix socket's address is at most 108 bytes (unix(7)), less than a path may
// be. Through an open folder's entry in /proc it is short.
func inFolder(dir, name string, use func(path string) error) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	return use(fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), name))
}

// Listen replaces whatever socket has that name in the folder.
func Listen(dir, name string) (l *net.UnixListener, err error) {
	err = inFolder(dir, name, func(path string) error {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		l, err = net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		return err
	})
	if err != nil {
		return nil, err
	}
	// By the time it is closed its path may lead to another folder.
	l.SetUnlinkOnClose(false)
	return l, nil
}

// Dial connects to the socket of that name in the folder.
func Dial(ctx context.Context, dir, name string) (conn *net.UnixConn, err error) {
	err = inFolder(dir, name, func(path string) error {
		var d net.Dialer
		c, err := d.DialContext(ctx, "unix", path)
		if err != nil {
			return err
		}
		conn = c.(*net.UnixConn)
		return nil
	})
	return conn, err
}

// ListenerPID returns the process that listens at the other end.
func ListenerPID(conn *net.UnixConn) (int, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var peer *unix.Ucred
	var asking error
	if err := raw.Control(func(fd uintptr) {
		peer, asking = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return 0, err
	}
	if asking != nil {
		return 0, fmt.Errorf("ask who listens: %w", asking)
	}
	return int(peer.Pid), nil
}
