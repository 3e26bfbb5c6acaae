package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// The process before was killed, and the kernel has not yet released its
// lock.
func TestLockIsAwaited(t *testing.T) {
	d := dataFlag{Data: t.TempDir()}
	synctest.Test(t, func(t *testing.T) {
		before, err := d.lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(lockPatience/2, func() { before.Close() })
		began := time.Now()
		after, err := d.lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer after.Close()
		if took := time.Since(began); took < lockPatience/2 {
			t.Errorf("the lock was had after %v, while another held it", took)
		}
	})
}

func TestServeIsRejectedWhileTheFolderIsLocked(t *testing.T) {
	d := dataFlag{Data: t.TempDir()}
	synctest.Test(t, func(t *testing.T) {
		before, err := d.lock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer before.Close()
		want := fmt.Sprintf("another rockpool serves %s already (process %d)", d.Data, os.Getpid())
		if _, err := d.lock(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := d.lock(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want its context's end", err)
		}
	})
}
