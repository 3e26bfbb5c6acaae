package image

import (
	"context"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// get is a running build or download of an image, with everybody who waits for it.
type get struct {
	done   chan struct{}
	err    error // valid when done is closed
	cancel context.CancelFunc

	mu        sync.Mutex
	listeners map[int]func(string)
	next      int
	last      string // the latest progress, for callers who join later
}

// get builds or downloads the image's disk, or joins a get that is running. The work is
// cancelled when nobody waits for it any more.
func (l *Library) get(ctx context.Context, slug string, progress func(string)) error {
	g, leave := l.join(slug, progress)
	defer leave()
	select {
	case <-g.done:
		return g.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// join adds a waiter to the image's get, and begins one if none is running. leave
// removes the waiter.
func (l *Library) join(slug string, progress func(string)) (g *get, leave func()) {
	l.getMu.Lock()
	defer l.getMu.Unlock()
	g = l.gets[slug]
	if g == nil {
		work, cancel := context.WithCancel(l.ctx)
		g = &get{done: make(chan struct{}), cancel: cancel, listeners: map[int]func(string){}}
		l.gets[slug] = g
		l.wg.Go(func() {
			g.err = l.fetch(work, slug, g.notify)
			cancel()
			l.forget(slug, g)
			close(g.done)
		})
	}
	number := g.addListener(progress)
	return g, func() {
		l.getMu.Lock()
		defer l.getMu.Unlock()
		if g.removeListener(number) == 0 {
			// Nobody waits any more. The next caller must not join a get that is
			// being cancelled.
			g.cancel()
			if l.gets[slug] == g {
				delete(l.gets, slug)
			}
		}
	}
}

func (l *Library) forget(slug string, g *get) {
	l.getMu.Lock()
	defer l.getMu.Unlock()
	if l.gets[slug] == g {
		delete(l.gets, slug)
	}
}

// fetch gets the image while it has a lock on the image's lock file, because another
// process may get the same image: rockpool image build beside rockpool serve.
func (l *Library) fetch(ctx context.Context, slug string, progress func(string)) error {
	source := l.sources[slug]
	if source == nil {
		return l.noSource()
	}
	if err := source.Check(ctx); err != nil {
		return err
	}
	unlock, err := lockFile(ctx, l.path(slug)+".lock", progress)
	if err != nil {
		return err
	}
	defer unlock()
	if l.Has(slug) {
		return nil
	}
	return source.Get(ctx, l.path(slug), progress)
}

// lockFile locks the file at path. The kernel releases the lock when this process dies.
func lockFile(ctx context.Context, path string, progress func(string)) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	fd := int(file.Fd())
	if unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) == nil {
		return func() { file.Close() }, nil
	}
	progress("waiting for another process that is getting the image")
	locked := make(chan error, 1)
	go func() { locked <- unix.Flock(fd, unix.LOCK_EX) }()
	select {
	case err = <-locked:
		if err != nil {
			file.Close()
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		return func() { file.Close() }, nil
	case <-ctx.Done():
		go func() { // flock can't be interrupted; release the lock when it returns
			<-locked
			file.Close()
		}()
		return nil, context.Cause(ctx)
	}
}

func (g *get) addListener(progress func(string)) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.next++
	g.listeners[g.next] = progress
	if g.last != "" {
		progress(g.last)
	}
	return g.next
}

// removeListener returns the number of listeners that are left.
func (g *get) removeListener(number int) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.listeners, number)
	return len(g.listeners)
}

// notify calls all listeners with the progress.
func (g *get) notify(text string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last = text
	for _, progress := range g.listeners {
		progress(text)
	}
}
