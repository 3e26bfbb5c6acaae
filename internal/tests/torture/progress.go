package torture

import "sync"

// progress counts acknowledged requests. Goroutines can wait for more of
// them.
type progress struct {
	mu      sync.Mutex
	count   int
	waiting map[chan struct{}]int // by the count that each waits for
}

func (p *progress) add() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count++
	for reached, at := range p.waiting {
		if p.count >= at {
			close(reached)
			delete(p.waiting, reached)
		}
	}
}

// more returns a channel that is closed when n more requests have been
// acknowledged.
func (p *progress) more(n int) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	reached := make(chan struct{})
	if n <= 0 {
		close(reached)
		return reached
	}
	if p.waiting == nil {
		p.waiting = map[chan struct{}]int{}
	}
	p.waiting[reached] = p.count + n
	return reached
}
