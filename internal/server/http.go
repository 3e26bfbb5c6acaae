package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rockpool-cloud/rockpool/internal/front/api"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/identity/oauth"
)

// Serve answers the listener's connections until ctx ends, and then lets
// requests finish. It returns store.ErrClaimed if another process has taken the
// database.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		select {
		case <-ctx.Done():
		case <-s.taken:
			stop()
		}
	}()
	err := serve(ctx, s.Listener(listener), s.HTTPServer(s.Handler))
	select {
	case <-s.taken:
		return store.ErrClaimed
	default:
		return err
	}
}

func serve(ctx context.Context, listener net.Listener, server *http.Server) error {
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		finish, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err := server.Shutdown(finish)
		if errors.Is(err, context.DeadlineExceeded) {
			err = server.Close() // a client that does not end its request
		}
		stopped <- err
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// HTTPServer returns an HTTP server with the deadlines and bounds of the API.
func (s *Server) HTTPServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:                      handler,
		ConnContext:                  api.ConnContext,
		ConnState:                    api.ConnState,
		ReadHeaderTimeout:            10 * time.Second,
		ReadTimeout:                  time.Minute,
		WriteTimeout:                 2 * time.Minute,
		IdleTimeout:                  2 * time.Minute,
		MaxHeaderBytes:               64 << 10, // with the path; what is larger belongs into a body
		ErrorLog:                     slog.NewLogLogger(s.config.Log.Handler(), slog.LevelDebug),
		DisableGeneralOptionsHandler: true, // the API answers OPTIONS * as well
	}
}

// Listener bounds a listener's connections. They speak TLS if the server has a
// certificate.
func (s *Server) Listener(l net.Listener) net.Listener {
	if s.config.Certificate == nil {
		return api.Listener(l, maxConnections(10_000))
	}
	return api.TLSListener(l, s.config.Certificate.Config(), maxConnections(10_000))
}

// maxConnections is how many clients of the API or of the name server may be
// connected: most, or a quarter of the files that this process may open, whose
// soft limit Go raises at its start. The rest is for the database and machines.
func maxConnections(most int) int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return most
	}
	return max(1, int(min(limit.Cur/4, uint64(most))))
}

// NewLogger returns a log of the lines of at least that level, without tokens.
func NewLogger(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(oauth.Redacting(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})))
}
