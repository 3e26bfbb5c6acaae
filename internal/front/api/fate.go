package api

// fate is what has become of an answer.
type fate int

const (
	inTransit    fate = iota // not all of it is acknowledged
	acknowledged             // by the kernel of the client, which is connected and may still read it
	received                 // the client has read it
	lost                     // the client has disconnected without reading it
)

// delivery is the delivery of one answer over a connection.
type delivery struct {
	info     *connInfo
	requests int   // number of requests that the client had begun to send before
	end      int64 // bytes written to the connection up to the answer's end
}

// begin begins the delivery of an answer, before the answer is written.
func (info *connInfo) begin() delivery {
	info.mu.Lock()
	defer info.mu.Unlock()
	return delivery{info: info, requests: info.requests}
}

// done records that the answer has been written.
func (a *delivery) done() {
	a.info.mu.Lock()
	defer a.info.mu.Unlock()
	a.end = a.info.written
}

// fate returns what has become of the answer. The client has received it if it
// has sent another request, or if it has ended the connection without a reset
// after its kernel acknowledged all of the answer. The answer is lost if the
// client ended the connection before that, or by a reset: a kernel resets the
// connection of a client that has not read everything.
func (a delivery) fate() fate {
	info := a.info
	info.mu.Lock()
	defer info.mu.Unlock()
	if info.requests > a.requests {
		return received
	}
	if !info.ended {
		state := info.askKernel()
		if info.broken {
			return lost
		}
		// If the kernel knows of an end, the goroutine that reads the connection
		// is about to record of which kind it is.
		if !state.open || info.written-state.unacked < a.end {
			return inTransit
		}
		return acknowledged
	}
	if info.broken || info.acked < a.end {
		return lost
	}
	return received
}

// isReceived reports whether the answer's fate is received, without asking the
// kernel.
func (a delivery) isReceived() bool {
	info := a.info
	info.mu.Lock()
	defer info.mu.Unlock()
	return info.requests > a.requests || info.ended && !info.broken && info.acked >= a.end
}

// clientGone reports whether the client has ended the connection, even if the
// goroutine that reads the connection has not noticed yet.
func (info *connInfo) clientGone() bool {
	info.mu.Lock()
	defer info.mu.Unlock()
	return info.ended || !info.askKernel().open
}
