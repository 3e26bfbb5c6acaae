package droplet

import (
	"encoding/json"
	"slices"
	"sync"

	"github.com/rockpool-cloud/rockpool/internal/cloud/image"
)

// What the columns of JSON mean whose values come again and again: most
// droplets of a list are made from the same few images and have the same
// features and tags. Decoding them took longer than reading them. Their lists
// are clipped, so that appending to one copies it.
var (
	images = meanings[image.View]{decode: func(text string) (view image.View, err error) {
		err = json.Unmarshal([]byte(text), &view)
		view.Regions, view.Tags = slices.Clip(view.Regions), slices.Clip(view.Tags)
		return view, err
	}}
	texts = meanings[[]string]{decode: func(text string) (list []string, err error) {
		err = json.Unmarshal([]byte(text), &list)
		return slices.Clip(list), err
	}}
)

// meanings remembers what texts mean.
type meanings[T any] struct {
	decode func(text string) (T, error)

	mu    sync.Mutex
	known map[string]T
}

// How many texts are remembered, and how long they are in bytes, at the most.
const (
	maxKnown     = 1000
	maxKnownText = 1 << 10
)

// of returns what a text means. The value is shared, and not the caller's to
// change.
func (m *meanings[T]) of(text string) (T, error) {
	m.mu.Lock()
	value, ok := m.known[text]
	m.mu.Unlock()
	if ok {
		return value, nil
	}
	value, err := m.decode(text)
	if err == nil && len(text) <= maxKnownText {
		m.keep(text, value)
	}
	return value, err
}

func (m *meanings[T]) keep(text string, value T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || len(m.known) >= maxKnown {
		m.known = map[string]T{}
	}
	m.known[text] = value
}
