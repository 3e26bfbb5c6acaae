// Package trie has maps that are never changed: a change returns another map,
// which shares most with the old one.
package trie

import (
	"hash/maphash"
	"math/bits"
	"slices"
)

// Map maps names to values. It is never changed: put and without return
// another one, which shares all but the path to what they changed, so both the
// price and the garbage of a change hardly depend on the size. Readers need no
// lock. (A hash array mapped trie, P. Bagwell 2001; the layout with two bitmaps
// is that of M. Steindorfer 2015.)
type Map[V any] struct {
	leafMap, branchMap uint32 // which of the 32 slots are leaves and branches
	leaves             []Entry[V]
	branches           []*Map[V]
}

type Entry[V any] struct {
	hash  uint64
	key   string
	value *V
}

var seed = maphash.MakeSeed()

const (
	slotBits = 5
	lastSlot = 60 // at this shift hashes are used up, and leaves are a plain list
)

func slot(hash uint64, shift uint) uint32 { return 1 << (hash >> shift & (1<<slotBits - 1)) }

func (t *Map[V]) leafIndex(slot uint32) int   { return bits.OnesCount32(t.leafMap & (slot - 1)) }
func (t *Map[V]) branchIndex(slot uint32) int { return bits.OnesCount32(t.branchMap & (slot - 1)) }

// Get returns the value of a key, or nil. A nil trie is empty.
func (t *Map[V]) Get(key []byte) *V { return t.find(maphash.Bytes(seed, key), key) }

func (t *Map[V]) find(hash uint64, key []byte) *V {
	for shift := uint(0); t != nil; shift += slotBits {
		if shift >= lastSlot {
			return t.list(key)
		}
		slot := slot(hash, shift)
		if t.leafMap&slot != 0 {
			if l := &t.leaves[t.leafIndex(slot)]; l.hash == hash && l.key == string(key) {
				return l.value
			}
			return nil
		}
		if t.branchMap&slot == 0 {
			return nil
		}
		t = t.branches[t.branchIndex(slot)]
	}
	return nil
}

func (t *Map[V]) list(key []byte) *V {
	for i := range t.leaves {
		if t.leaves[i].key == string(key) {
			return t.leaves[i].value
		}
	}
	return nil
}

// Put returns the trie with the key's value set.
func (t *Map[V]) Put(key string, value *V) *Map[V] {
	return t.set(NewEntry(key, value), 0)
}

func NewEntry[V any](key string, value *V) Entry[V] {
	return Entry[V]{maphash.String(seed, key), key, value}
}

func (t *Map[V]) set(l Entry[V], shift uint) *Map[V] {
	if t == nil {
		t = &Map[V]{}
	}
	next := *t
	if shift >= lastSlot {
		if i := slices.IndexFunc(t.leaves, func(o Entry[V]) bool { return o.key == l.key }); i >= 0 {
			next.leaves = replaced(t.leaves, i, l)
		} else {
			next.leaves = inserted(t.leaves, len(t.leaves), l)
		}
		return &next
	}
	slot := slot(l.hash, shift)
	at, under := t.leafIndex(slot), t.branchIndex(slot)
	switch {
	case t.branchMap&slot != 0:
		next.branches = replaced(t.branches, under, t.branches[under].set(l, shift+slotBits))
	case t.leafMap&slot == 0:
		next.leafMap |= slot
		next.leaves = inserted(t.leaves, at, l)
	case t.leaves[at].key == l.key:
		next.leaves = replaced(t.leaves, at, l)
	default: // two in one slot: both go one floor down
		var branch *Map[V]
		branch = branch.set(t.leaves[at], shift+slotBits).set(l, shift+slotBits)
		next.leafMap &^= slot
		next.branchMap |= slot
		next.leaves = removed(t.leaves, at)
		next.branches = inserted(t.branches, under, branch)
	}
	return &next
}

// Without returns the trie without the key; nil if nothing is left.
func (t *Map[V]) Without(key string) *Map[V] {
	return t.cut(maphash.String(seed, key), key, 0)
}

func (t *Map[V]) cut(hash uint64, key string, shift uint) *Map[V] {
	if t == nil {
		return nil
	}
	next := *t
	slot := slot(hash, shift)
	at, under := t.leafIndex(slot), t.branchIndex(slot)
	switch {
	case shift >= lastSlot:
		next.leaves = slices.DeleteFunc(slices.Clone(t.leaves), func(l Entry[V]) bool { return l.key == key })
	case t.branchMap&slot != 0:
		branch := t.branches[under].cut(hash, key, shift+slotBits)
		switch {
		case branch == nil:
			next.branchMap &^= slot
			next.branches = removed(t.branches, under)
		case len(branch.branches) == 0 && len(branch.leaves) == 1: // back up
			next.branchMap &^= slot
			next.branches = removed(t.branches, under)
			next.leafMap |= slot
			next.leaves = inserted(t.leaves, at, branch.leaves[0])
		default:
			next.branches = replaced(t.branches, under, branch)
		}
	case t.leafMap&slot != 0 && t.leaves[at].key == key:
		next.leafMap &^= slot
		next.leaves = removed(t.leaves, at)
	default:
		return t
	}
	if len(next.leaves) == 0 && len(next.branches) == 0 {
		return nil
	}
	return &next
}

// Each calls f for every key, in no order, until it returns false.
func (t *Map[V]) Each(f func(key string, value *V) bool) bool {
	if t == nil {
		return true
	}
	for _, l := range t.leaves {
		if !f(l.key, l.value) {
			return false
		}
	}
	for _, b := range t.branches {
		if !b.Each(f) {
			return false
		}
	}
	return true
}
