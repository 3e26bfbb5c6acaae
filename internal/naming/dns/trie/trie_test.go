package trie

import (
	"fmt"
	"hash/maphash"
	"maps"
	"testing"

	"pgregory.net/rapid"
)

// TestTrie compares tries with maps, also when hashes are the same in all bits
// but some, and holds that a trie does not change when others are made of it.
func TestTrie(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		mask := rapid.SampledFrom([]uint64{^uint64(0), 0, 1, 1 << 59, 1 << 60, 1 << 63, 0x1F << 10}).Draw(t, "mask")
		hash := func(key string) uint64 { return maphash.String(seed, key) & mask }
		type version struct {
			trie *Map[int]
			want map[string]*int
		}
		versions := []version{{nil, map[string]*int{}}}
		for range rapid.IntRange(1, 40).Draw(t, "changes") {
			from := rapid.SampledFrom(versions).Draw(t, "from")
			next := version{want: maps.Clone(from.want)}
			key := fmt.Sprint(rapid.IntRange(0, 20).Draw(t, "key"))
			if rapid.IntRange(0, 2).Draw(t, "remove") == 0 {
				delete(next.want, key)
				next.trie = from.trie.cut(hash(key), key, 0)
			} else {
				next.want[key] = new(int)
				next.trie = from.trie.set(Entry[int]{hash(key), key, next.want[key]}, 0)
			}
			versions = append(versions, next)
		}
		var leaves []Entry[int]
		last := versions[len(versions)-1]
		for key, value := range last.want {
			leaves = append(leaves, Entry[int]{hash(key), key, value})
		}
		versions = append(versions, version{New(leaves), last.want})
		for _, v := range versions {
			for i := range 21 {
				key := fmt.Sprint(i)
				if got := v.trie.find(hash(key), []byte(key)); got != v.want[key] {
					t.Fatalf("%s is %p, want %p", key, got, v.want[key])
				}
			}
			all := map[string]*int{}
			v.trie.Each(func(key string, value *int) bool {
				all[key] = value
				return true
			})
			if !maps.Equal(all, v.want) || (v.trie == nil) != (len(v.want) == 0) {
				t.Fatalf("each gives %v, want %v", all, v.want)
			}
		}
	})
}
