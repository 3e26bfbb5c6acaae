package periodic_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/periodic"
)

// Run logs when failures begin and when they end, not each of them, and ends with
// its context.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		began, calls := time.Now(), 0
		ctx, cancel := context.WithCancel(t.Context())
		periodic.Run(ctx, time.Second, slog.New(slog.NewTextHandler(&log, nil)), "count", func(context.Context) error {
			calls++
			if at := time.Since(began); at != time.Duration(calls)*time.Second {
				t.Errorf("call %d after %v", calls, at)
			}
			switch calls {
			case 2, 3, 5:
				return errors.New("no way")
			case 6:
				cancel()
				return ctx.Err()
			}
			return nil
		})
		var levels []string
		for line := range strings.Lines(log.String()) {
			_, rest, _ := strings.Cut(line, "level=")
			level, _, _ := strings.Cut(rest, " ")
			levels = append(levels, level)
		}
		if got, want := strings.Join(levels, " "), "ERROR INFO ERROR"; got != want || calls != 6 {
			t.Errorf("%d calls logged %q, want %q:\n%s", calls, got, want, log.String())
		}
	})
}
