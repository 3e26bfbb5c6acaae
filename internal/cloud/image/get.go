package image

import (
	"context"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// get is one image's being built or downloaded, for all who wait for it.
type get struct {
	done   chan struct{}
	err    error // valid when done is closed
	cancel context.CancelFunc

	mu        sync.Mutex
	listeners map[int]func(string)
	next      int
	last      string // the latest progress, for those who come late
}

// get waits for the image's disk. The work goes on as long as anybody waits.
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

// join adds a waiter to the get of that image, which it begins if need be.
func (l *Library) join(slug string, progress func(string)) (g *get, leave func()) {
	l.getMu.Lock()
	defer l.getMu.Unlock()
	g = l.gets[slug]
	if g == nil {
		work, cancel := context.WithCancel(l.ctx)
		g = &get{done: make(chan struct{}), cancel: cancel, listeners: map[int]func(string){}}
		l.gets[slug] = g
		l.wg.Go(func() {
			g.err = l.fetch(work, slug, g.tell)
			cancel()
			l.forget(slug, g)
			close(g.done)
		})
	}
	number := g.listen(progress)
	return g, func() {
		l.getMu.Lock()
		defer l.getMu.Unlock()
		if g.unlisten(number) == 0 {
			// Nobody wants it any more. A later comer must not join a get that
			// is being given up.
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

// fetch gets the image under a lock of its file, because another process may
// be getting it too: rockpool image build beside rockpool serve.
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

// lockFile takes the lock of the file at path, which the kernel gives back
// when this process dies.
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
		go func() { // flock can't be interrupted; give the lock back when it comes
			<-locked
			file.Close()
		}()
		return nil, context.Cause(ctx)
	}
}

func (g *get) listen(progress func(string)) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.next++
	g.listeners[g.next] = progress
	if g.last != "" {
		progress(g.last)
	}
	return g.next
}

// unlisten returns how many still listen.
func (g *get) unlisten(number int) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.listeners, number)
	return len(g.listeners)
}

func (g *get) tell(text string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last = text
	for _, progress := range g.listeners {
		progress(text)
	}
}
