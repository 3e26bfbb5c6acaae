package rockpooltest

import (
	"bufio"
	"io"
	"slices"
	"strings"
	"sync"
)

// book stores the lines that the program has written since its first start.
type book struct {
	mu      sync.Mutex
	lines   []string
	waiting map[chan struct{}]string
}

// copy reads lines until r ends.
func (b *book) copy(r io.Reader) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		b.add(lines.Text())
	}
}

func (b *book) add(line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, line)
	for seen, text := range b.waiting {
		if strings.Contains(line, text) {
			close(seen)
			delete(b.waiting, seen)
		}
	}
}

// next returns a channel that is closed at the next line that contains the
// text.
func (b *book) next(text string) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting == nil {
		b.waiting = map[chan struct{}]string{}
	}
	seen := make(chan struct{})
	b.waiting[seen] = text
	return seen
}

func (b *book) count(text string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range b.lines {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// tail returns the last n lines, without those of the tests' polling.
func (b *book) tail(n int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var telling []string
	for _, line := range b.lines {
		if !strings.Contains(line, "method=GET") { // the tests poll
			telling = append(telling, line)
		}
	}
	return strings.Join(telling[max(0, len(telling)-n):], "\n")
}

// DNS returns the address of the running server's name server.
func (s *Server) DNS() string {
	s.tb.Helper()
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	for _, line := range slices.Backward(s.log.lines) {
		if at, ok := strings.CutPrefix(line, "DNS:"); ok {
			return strings.Fields(at)[0]
		}
	}
	s.tb.Fatal("rockpool did not say where its name server is")
	return ""
}
