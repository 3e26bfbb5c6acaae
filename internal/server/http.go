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

// Serve serves the connections of the listener until ctx ends. It then waits
// for the requests in progress. It returns store.ErrClaimed if another
// process has claimed the database.
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
			err = server.Close() // close the connections of requests that do not end
		}
		stopped <- err
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// HTTPServer returns an HTTP server with the time and size limits of the API.
func (s *Server) HTTPServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:                      handler,
		ConnContext:                  api.ConnContext,
		ConnState:                    api.ConnState,
		ReadHeaderTimeout:            10 * time.Second,
		ReadTimeout:                  time.Minute,
		WriteTimeout:                 2 * time.Minute,
		IdleTimeout:                  2 * time.Minute,
		MaxHeaderBytes:               64 << 10, // includes the path
		ErrorLog:                     slog.NewLogLogger(s.config.Log.Handler(), slog.LevelDebug),
		DisableGeneralOptionsHandler: true, // the API answers OPTIONS * itself
	}
}

// Listener limits the number of connections of a listener. Its connections
// use TLS if the server has a certificate.
func (s *Server) Listener(l net.Listener) net.Listener {
	if s.config.Certificate == nil {
		return api.Listener(l, maxConnections(10_000))
	}
	return api.TLSListener(l, s.config.Certificate.Config(), maxConnections(10_000))
}

// maxConnections returns the limit of open client connections of the API or
// the name server. It is most, or a quarter of the limit of open files if
// that is less. Go raises the soft limit of open files at its start. The
// database and machines need the other files.
func maxConnections(most int) int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return most
	}
	return max(1, int(min(limit.Cur/4, uint64(most))))
}

// NewLogger returns a log for lines of that level and above. It removes
// tokens from them.
func NewLogger(w io.Writer, level slog.Level) *slog.Logger {
	return slog.New(oauth.Redacting(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})))
}
