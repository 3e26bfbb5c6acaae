package oauth

import (
	"testing"
	"time"
)

// A slow look-up may have read the token before it was revoked. Its result is not
// added to a cache that is newer than the look-up.
func TestASlowLookUpIsNotAddedToANewerCache(t *testing.T) {
	tokens := NewTokens(nil)
	slow, other := digestOf("slow"), digestOf("other")
	began := time.Unix(1e9, 0)
	_, known, _ := tokens.recall(slow, 1, began)
	for _, step := range []struct {
		after time.Duration
		good  bool
	}{{Remembered - 1, true}, {Remembered, false}, {Remembered + Remembered/2, false}} {
		tokens.recall(other, 1, began.Add(step.after)) // a request with another token
		tokens.remember(known, slow, row{})
		if _, _, ok := tokens.recall(slow, 1, began.Add(step.after)); ok != step.good {
			t.Errorf("%v after it began it is remembered: %v, want %v", step.after, ok, step.good)
		}
	}
}
