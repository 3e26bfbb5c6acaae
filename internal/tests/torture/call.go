package torture

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

const (
	requestLimit = 30 * time.Second       // for any answer
	resolveLimit = 60 * time.Second       // for an answer to a key, once the attacks are over
	retryPause   = 20 * time.Millisecond  // between tries while the program is down
	busyPause    = 200 * time.Millisecond // between tries after a response that asks to retry
)

// caller sends one client's requests.
type caller struct {
	http  *http.Client
	base  string // URL of the API, with /v2/
	token string
	over  <-chan struct{} // closed when the attacks are over
}

func newCaller(url, token string, over <-chan struct{}) *caller {
	transport := &http.Transport{MaxIdleConnsPerHost: 4}
	return &caller{
		http: &http.Client{Transport: transport, Timeout: requestLimit},
		base: url + "/v2/", token: token, over: over,
	}
}

func (c *caller) close() { c.http.CloseIdleConnections() }

// response is an answer, or why there was none.
type response struct {
	status int // 0: no answer
	body   []byte
	err    error
	unsent bool // there was no connection, so nothing can have been done
}

func (r response) ok() bool { return r.status/100 == 2 }

// fate is what is known after the response. A program that fails after it has
// committed can't take that back, so after a 5xx nothing is known.
func (r response) fate() fate {
	switch {
	case r.ok():
		return acknowledged
	case r.unsent || r.status/100 == 4:
		return refused
	default:
		return unknown
	}
}

// send sends a request once. Without a key, a lost answer stays lost.
func (c *caller) send(method, path, key string, body any) response {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // bodies are maps of plain values
	}
	if body == nil {
		text = nil
	}
	request, err := http.NewRequest(method, c.base+path, bytes.NewReader(text))
	if err != nil {
		return response{err: err, unsent: true}
	}
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Content-Type", "application/json")
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	answer, err := c.http.Do(request)
	if err != nil {
		op := new(net.OpError)
		return response{err: err, unsent: errors.As(err, &op) && op.Op == "dial"}
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		return response{err: err}
	}
	return response{status: answer.StatusCode, body: read}
}

// insist sends a request with a key until it has an answer that says what was
// done. The response is without one if there is none long after the attacks.
func (c *caller) insist(method, path, key string, body any) response {
	var late <-chan time.Time
	over := c.over
	for {
		r := c.send(method, path, key, body)
		pause := retryPause
		switch {
		case r.status == http.StatusConflict: // the first try is under way still
		case r.status == http.StatusServiceUnavailable:
			pause = busyPause
		case r.status != 0:
			return r
		}
		select {
		case <-over:
			over, late = nil, time.After(resolveLimit)
		case <-late:
			return r
		case <-time.After(pause):
		}
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
