package droplet

import (
	"encoding/json"
	"slices"
	"sync"

	"github.com/rockpool-cloud/rockpool/internal/cloud/image"
)

// Caches of decoded JSON columns. Most droplets of a list are made from the same few
// images and have the same features and tags, and decoding them took longer than
// reading the rows. Cached slices are clipped, so that appending to one copies it.
var (
	images = decodeCache[image.View]{decode: func(text string) (view image.View, err error) {
		err = json.Unmarshal([]byte(text), &view)
		view.Regions, view.Tags = slices.Clip(view.Regions), slices.Clip(view.Tags)
		return view, err
	}}
	texts = decodeCache[[]string]{decode: func(text string) (list []string, err error) {
		err = json.Unmarshal([]byte(text), &list)
		return slices.Clip(list), err
	}}
)

// decodeCache caches decoded texts.
type decodeCache[T any] struct {
	decode func(text string) (T, error)

	mu     sync.Mutex
	values map[string]T // by text
}

// Limits of a cache: the number of texts, and the length of a text in bytes.
const (
	maxCached     = 1000
	maxCachedText = 1 << 10
)

// get returns the decoded text. The value is shared: the caller must not change it.
func (c *decodeCache[T]) get(text string) (T, error) {
	c.mu.Lock()
	value, ok := c.values[text]
	c.mu.Unlock()
	if ok {
		return value, nil
	}
	value, err := c.decode(text)
	if err == nil && len(text) <= maxCachedText {
		c.put(text, value)
	}
	return value, err
}

func (c *decodeCache[T]) put(text string, value T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.values == nil || len(c.values) >= maxCached {
		c.values = map[string]T{}
	}
	c.values[text] = value
}
