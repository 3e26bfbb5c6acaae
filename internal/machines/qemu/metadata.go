package qemu

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/guesthttp"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/socket"
)

// serveMetadata listens on the machine's metadata.sock unless it does already.
func (e *Engine) serveMetadata(ctx context.Context, m *machine) error {
	m.mu.Lock()
	served := m.metadata != nil
	m.mu.Unlock()
	if served {
		return nil
	}
	metadata, err := e.openMetadata(ctx, m.dir, m.id)
	if err != nil {
		return err
	}
	return m.setMetadata(e, metadata)
}

// setMetadata stores the server, which Close will close. If the engine is closed
// already it closes the server.
func (m *machine) setMetadata(e *Engine, metadata *guesthttp.Server) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.closed.Load() {
		return errors.Join(errClosed, metadata.Close())
	}
	m.metadata = metadata
	return nil
}

// openMetadata listens in a machine's folder. The socket identifies the guest,
// because only the owner of the machine's disk may connect to it: where machines are
// isolated that is the machine's own QEMU and root, else any process of the engine's
// user.
func (e *Engine) openMetadata(ctx context.Context, dir string, id int64) (*guesthttp.Server, error) {
	if err := fault.At(ctx, "qemu.metadata.listen"); err != nil {
		return nil, err
	}
	l, err := socket.Listen(dir, "metadata.sock")
	if err != nil {
		return nil, err
	}
	// A QEMU that runs has the user that the disk was given to at its launch.
	user, err := ownerOf(filepath.Join(dir, "disk.qcow2"))
	path := filepath.Join(dir, "metadata.sock")
	if err := errors.Join(err, os.Chmod(path, 0o600), e.give(path, user)); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return guesthttp.Serve(l, e.config.Metadata(id), e.config.Logger.With("machine", id)), nil
}

func (m *machine) closeMetadata() error {
	m.mu.Lock()
	s := m.metadata
	m.metadata = nil
	m.mu.Unlock()
	return s.Close()
}
