package api

// fate is what has become of an answer.
type fate int

const (
	underWay fate = iota // to the client
	reached              // the client, which is there and may read it
	heard
	lost // the client went away without it
)

// answered is an answer on its way over a line.
type answered struct {
	line     *line
	requests int   // that the client had begun to send before it
	end      int64 // bytes that were written to the line, with it
}

// begin is called before an answer is written, done when it has been.
func (l *line) begin() answered {
	l.mu.Lock()
	defer l.mu.Unlock()
	return answered{line: l, requests: l.requests}
}

func (a *answered) done() {
	a.line.mu.Lock()
	defer a.line.mu.Unlock()
	a.end = a.line.written
}

// fate returns what has become of the answer. A client has heard it if it has
// sent another request, or has ended the connection in order after all of the
// answer was acknowledged. It has not if its end came before the answer, or if
// it broke the connection: kernels do that for a client that leaves an answer
// unread.
func (a answered) fate() fate {
	l := a.line
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.requests > a.requests {
		return heard
	}
	if !l.ended {
		state := l.look()
		if l.broken {
			return lost
		}
		// If the kernel knows of an end, the goroutine that reads the connection
		// is about to note of which kind it is.
		if !state.open || l.written-state.unacked < a.end {
			return underWay
		}
		return reached
	}
	if l.broken || l.acked < a.end {
		return lost
	}
	return heard
}

// isHeard reports whether the answer's fate is heard, without asking the kernel.
func (a answered) isHeard() bool {
	l := a.line
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.requests > a.requests || l.ended && !l.broken && l.acked >= a.end
}

// left reports whether the client has gone, also if the goroutine that reads
// the connection has not noticed yet.
func (l *line) left() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended || !l.look().open
}
