package qemu

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/socket"
)

// Bounds of a guest's connections to its metadata. For each connection a process
// runs beside QEMU, the relay.
const (
	metadataConnections = 16
	metadataIdle        = 5 * time.Second // of a connection, and for a request's header
	metadataTransfer    = 20 * time.Second
)

// metadataServer answers one guest. The socket identifies the guest, because only
// the machine's user can connect to it: where machines are isolated that is the
// machine's own QEMU and root, else any process of the engine's user.
type metadataServer struct {
	server *http.Server
	done   chan struct{}
}

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
func (m *machine) setMetadata(e *Engine, metadata *metadataServer) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e.closed.Load() {
		return errors.Join(errClosed, metadata.close())
	}
	m.metadata = metadata
	return nil
}

// openMetadata listens in a machine's folder, where the user of the machine's
// disk may connect.
func (e *Engine) openMetadata(ctx context.Context, dir string, id int64) (*metadataServer, error) {
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
	return newMetadataServer(l, e.config.Metadata(id), e.config.Logger.With("machine", id)), nil
}

func newMetadataServer(l net.Listener, handler http.Handler, log *slog.Logger) *metadataServer {
	s := &metadataServer{
		server: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: metadataIdle,
			ReadTimeout:       metadataTransfer,
			WriteTimeout:      metadataTransfer,
			IdleTimeout:       metadataIdle,
			MaxHeaderBytes:    16 << 10,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		},
		done: make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		if err := s.server.Serve(newBoundedListener(l, metadataConnections)); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metadata can't be served", "error", err)
		}
	}()
	return s
}

func (s *metadataServer) close() error {
	if s == nil {
		return nil
	}
	err := s.server.Close()
	<-s.done
	return err
}

func (m *machine) closeMetadata() error {
	m.mu.Lock()
	s := m.metadata
	m.metadata = nil
	m.mu.Unlock()
	return s.close()
}
