// Package guesthttp serves HTTP to one guest, which may not use up the host: its
// connections, and the time and the size of its requests, are bounded.
package guesthttp

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Connections is how many a guest may have open.
const Connections = 16

const (
	idle     = 5 * time.Second // of a connection, and for a request's header
	transfer = 20 * time.Second
)

// Server answers one guest. The listener identifies the guest: nobody else may be
// able to connect to it.
type Server struct {
	server *http.Server
	done   chan struct{}
}

// Serve serves until Close, in a goroutine of its own.
func Serve(l net.Listener, handler http.Handler, log *slog.Logger) *Server {
	s := &Server{
		server: &http.Server{
			Handler:           handler,
			ReadHeaderTimeout: idle,
			ReadTimeout:       transfer,
			WriteTimeout:      transfer,
			IdleTimeout:       idle,
			MaxHeaderBytes:    16 << 10,
			ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
		},
		done: make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		if err := s.server.Serve(newBoundedListener(l, Connections)); !errors.Is(err, http.ErrServerClosed) {
			log.Error("metadata can't be served", "error", err)
		}
	}()
	return s
}

// Close ends all connections and closes the listener. A nil server is closed.
func (s *Server) Close() error {
	if s == nil {
		return nil
	}
	err := s.server.Close()
	<-s.done
	return err
}
