package image_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/image"
	"github.com/rockpool-cloud/rockpool/internal/cloud/size"
	"github.com/rockpool-cloud/rockpool/internal/ground/await"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
	"github.com/rockpool-cloud/rockpool/internal/machines/diskimage"
)

// source is an image source whose Get ends when the test releases it.
type source struct {
	check   error
	began   chan struct{}
	release chan error

	mu        sync.Mutex
	gets      int
	cancelled int
}

// counts returns how many gets began and how many were cancelled.
func (s *source) counts() (gets, cancelled int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.gets, s.cancelled
}

func newSource() *source {
	return &source{began: make(chan struct{}, 8), release: make(chan error, 8)}
}

func (s *source) Check(context.Context) error { return s.check }

func (s *source) Get(ctx context.Context, dest string, progress func(string)) error {
	s.mu.Lock()
	s.gets++
	s.mu.Unlock()
	progress("half way")
	s.began <- struct{}{}
	select {
	case err := <-s.release:
		if err != nil {
			return err
		}
		return os.WriteFile(dest, make([]byte, 20e6), 0o644)
	case <-ctx.Done():
		s.mu.Lock()
		s.cancelled++
		s.mu.Unlock()
		return ctx.Err()
	}
}

func openLibrary(t *testing.T, dir string, s *source) *image.Library {
	t.Helper()
	db, err := store.Open(t.Context(), storetest.Source(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	sizes := size.NewCatalog(nil, func() (size.Bounds, bool) { return size.Bounds{}, true })
	l, err := image.Open(t.Context(), db, image.Config{Dir: dir, Sources: map[string]diskimage.Source{"micro": s}},
		sizes, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// collector returns a progress function and the channel of what it was called with.
func collector() (progress func(string), texts chan string) {
	texts = make(chan string, 8)
	return func(text string) { texts <- text }, texts
}

func TestConcurrentCallersShareOneGet(t *testing.T) {
	s := newSource()
	l := openLibrary(t, t.TempDir(), s)
	errs := make(chan error, 5)
	for range 5 {
		progress, texts := collector()
		go func() {
			_, err := l.Ensure(t.Context(), "micro", progress)
			errs <- err
		}()
		if got := await.Receive(t, texts, "progress"); got != "half way" {
			t.Errorf("progress %q", got)
		}
	}
	s.release <- nil
	for range 5 {
		if err := await.Receive(t, errs, "the end of a get"); err != nil {
			t.Error(err)
		}
	}
	if gets, _ := s.counts(); gets != 1 {
		t.Errorf("%d gets, want 1", gets)
	}
	if !l.Has("micro") {
		t.Error("the image is not here")
	}
	found, err := l.Find(t.Context(), 0, "micro")
	if gb := l.View(found).SizeGigabytes; err != nil || gb == nil || *gb != 0.02 {
		t.Errorf("found %+v, %v", found, err)
	}
	if _, err := l.Ensure(t.Context(), "micro", nil); err != nil {
		t.Errorf("asked again: %v", err)
	}
	if gets, _ := s.counts(); gets != 1 {
		t.Errorf("%d gets for an image that is here", gets-1)
	}
}

func TestTwoProcessesShareOneGet(t *testing.T) {
	dir := t.TempDir()
	first, second := newSource(), newSource()
	a, b := openLibrary(t, dir, first), openLibrary(t, dir, second)
	errs := make(chan error, 2)
	ensure := func(l *image.Library, progress func(string)) {
		_, err := l.Ensure(t.Context(), "micro", progress)
		errs <- err
	}
	go ensure(a, func(string) {})
	await.Receive(t, first.began, "the first process to begin")
	progress, texts := collector()
	go ensure(b, progress)
	await.Receive(t, texts, "progress of the second process") // it waits for the lock
	first.release <- nil
	for range 2 {
		if err := await.Receive(t, errs, "the end of a get"); err != nil {
			t.Error(err)
		}
	}
	if gets, _ := second.counts(); gets != 0 {
		t.Error("the second process got the image again")
	}
}

func TestAGetIsCancelledWhenNobodyWaits(t *testing.T) {
	s := newSource()
	l := openLibrary(t, t.TempDir(), s)
	ensure := func() (leave context.CancelFunc, result chan error) {
		ctx, cancel := context.WithCancel(t.Context())
		result = make(chan error, 1)
		progress, texts := collector()
		go func() {
			_, err := l.Ensure(ctx, "micro", progress)
			result <- err
		}()
		await.Receive(t, texts, "progress")
		return cancel, result
	}
	leaveFirst, first := ensure()
	leaveSecond, second := ensure()
	leaveFirst()
	if err := await.Receive(t, first, "the first to leave"); !errors.Is(err, context.Canceled) {
		t.Errorf("the first: %v", err)
	}
	if _, cancelled := s.counts(); cancelled != 0 {
		t.Error("the get was cancelled while the second waited")
	}
	leaveSecond()
	if err := await.Receive(t, second, "the second to leave"); !errors.Is(err, context.Canceled) {
		t.Errorf("the second: %v", err)
	}
	// A third caller begins a new get.
	_, third := ensure()
	s.release <- nil
	if err := await.Receive(t, third, "the image of the third"); err != nil {
		t.Errorf("the third: %v", err)
	}
	if gets, cancelled := s.counts(); gets != 2 || cancelled != 1 {
		t.Errorf("%d gets and %d cancelled, want 2 and 1", gets, cancelled)
	}
}

func TestAFailedGetCanBeRepeated(t *testing.T) {
	s := newSource()
	l := openLibrary(t, t.TempDir(), s)
	s.release <- errors.New("mirror is down")
	if _, err := l.Ensure(t.Context(), "micro", func(string) {}); err == nil || err.Error() != "image micro: mirror is down" {
		t.Errorf("the first: %v", err)
	}
	s.release <- nil
	if _, err := l.Ensure(t.Context(), "micro", func(string) {}); err != nil {
		t.Errorf("the second: %v", err)
	}
}

func TestUnavailableImagesAreNotListed(t *testing.T) {
	s := newSource()
	s.check = errors.New("missing: mmdebstrap")
	l := openLibrary(t, t.TempDir(), s)
	if images, err := l.List(t.Context(), 0); err != nil || len(images) != 0 {
		t.Errorf("list: %v, %v", images, err)
	}
	if err := l.Obstacle(t.Context(), "micro"); !errors.Is(err, s.check) {
		t.Errorf("obstacle: %v", err)
	}
	if _, err := l.Ensure(t.Context(), "micro", func(string) {}); !errors.Is(err, s.check) {
		t.Errorf("ensure: %v", err)
	}
}
