package qmp

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// message is any line that QEMU sends.
type message struct {
	Greeting *json.RawMessage `json:"QMP"`
	Event    string           `json:"event"`
	Data     json.RawMessage  `json:"data"`
	ID       *int64           `json:"id"`
	Return   json.RawMessage  `json:"return"`
	Error    *struct {
		Class string `json:"class"`
		Desc  string `json:"desc"`
	} `json:"error"`
}

type command struct {
	Execute   string `json:"execute"`
	Arguments any    `json:"arguments,omitempty"`
	ID        int64  `json:"id"`
}

func newScanner(r io.Reader) *bufio.Scanner {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 0, 4096), maxLine)
	return s
}

func readMessage(lines *bufio.Scanner) (message, error) {
	if !lines.Scan() {
		if err := lines.Err(); err != nil {
			return message{}, fmt.Errorf("%w: %w", ErrClosed, err)
		}
		return message{}, fmt.Errorf("%w: %w", ErrClosed, io.EOF)
	}
	var m message
	if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
		return message{}, fmt.Errorf("%w: not QMP: %w", ErrClosed, err)
	}
	return m, nil
}
