package trie

import (
	"math/bits"
	"slices"
)

// New returns a trie of keys that are all different, without the garbage
// that it would be to put one after another.
func New[V any](leaves []Entry[V]) *Map[V] {
	slices.SortFunc(leaves, func(a, b Entry[V]) int {
		// By the slots, from the first in which they differ.
		shift := bits.TrailingZeros64(a.hash^b.hash) / slotBits * slotBits
		return int(a.hash>>shift&(1<<slotBits-1)) - int(b.hash>>shift&(1<<slotBits-1))
	})
	return grown(leaves, 0)
}

// grown is New of leaves in order, from a shift on.
func grown[V any](leaves []Entry[V], shift uint) *Map[V] {
	if len(leaves) == 0 {
		return nil
	}
	t := &Map[V]{}
	if shift >= lastSlot {
		t.leaves = slices.Clone(leaves)
		return t
	}
	var single []Entry[V]
	for len(leaves) > 0 {
		first, n := slot(leaves[0].hash, shift), 1
		for n < len(leaves) && slot(leaves[n].hash, shift) == first {
			n++
		}
		if n == 1 {
			t.leafMap |= first
			single = append(single, leaves[0])
		} else {
			t.branchMap |= first
			t.branches = append(t.branches, grown(leaves[:n], shift+slotBits))
		}
		leaves = leaves[n:]
	}
	t.leaves = slices.Clone(single)
	t.branches = slices.Clone(t.branches)
	return t
}

// These copy to a slice of exactly the length that it needs: there are many.

func inserted[T any](s []T, at int, item T) []T {
	next := make([]T, len(s)+1)
	copy(next, s[:at])
	next[at] = item
	copy(next[at+1:], s[at:])
	return next
}

func replaced[T any](s []T, at int, item T) []T {
	next := make([]T, len(s))
	copy(next, s)
	next[at] = item
	return next
}

func removed[T any](s []T, at int) []T {
	if len(s) == 1 {
		return nil
	}
	next := make([]T, len(s)-1)
	copy(next, s[:at])
	copy(next[at:], s[at+1:])
	return next
}
