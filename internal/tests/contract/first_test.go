package contract

import (
	"os"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/server"
	"github.com/rockpool-cloud/rockpool/internal/tests/servertest"
)

func TestFirstTokenIsMadeOnce(t *testing.T) {
	c := newClient(t)
	data := servertest.NewData(t)
	other := newClient(t, func(s *server.Config) { s.Data = data })
	for range 2 {
		if err := data.MakeFirstToken(t.Context(), other.Server.DB); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(data.Token())
	if err != nil || strings.TrimSpace(string(kept)) != other.Token || other.Token == c.Token {
		t.Errorf("the token became %q, was %q, %v", kept, other.Token, err)
	}
}
