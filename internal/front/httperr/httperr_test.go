package httperr_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rockpool-cloud/rockpool/internal/front/httperr"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

var update = flag.Bool("update", false, "write docs/errors.md anew")

func TestErrorsAreDocumented(t *testing.T) {
	const path = "../../../docs/errors.md"
	var want bytes.Buffer
	want.WriteString("# Errors\n\nWritten by `go test ./internal/front/httperr -update` from the table in package httperr.\n\n" +
		"The body of every error has the form `{\"id\", \"message\", \"request_id\"}`. An error about parameters also has\n" +
		"`errors`, a list of `{\"field\", \"message\"}`.\n\n" +
		"What is not well-formed HTTP, or has more than 64 KiB of headers, is answered in plain text by Go's HTTP server:\n" +
		"400, 417, 431, 501 or 505.\n\n| status | id | when |\n|---|---|---|\n")
	for _, a := range httperr.Table() {
		fmt.Fprintf(&want, "| %d | `%s` | %s |\n", a.Status, a.ID, a.When)
	}
	if *update {
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(got)); diff != "" {
		t.Errorf("docs/errors.md is stale; write it anew with -update (-want +got):\n%s", diff)
	}
}

func TestEveryKindHasOneAnswer(t *testing.T) {
	answered := map[string]bool{}
	for _, kind := range apierr.Kinds() {
		answered[httperr.Of(kind).ID] = true // it panics for a kind without one
	}
	last := 399
	for _, a := range httperr.Table() {
		if !answered[a.ID] || a.Status < last || a.When == "" {
			t.Errorf("unused, out of order or without an explanation: %+v", a)
		}
		delete(answered, a.ID)
		last = a.Status
	}
}

func TestOf(t *testing.T) {
	for err, want := range map[error]string{
		apierr.NotFound():            "404 not_found",
		apierr.Invalid("name", "No"): "422 unprocessable_entity",
		apierr.Refused("No"):         "422 unprocessable_entity",
		os.ErrClosed:                 "500 server_error",
	} {
		a := httperr.Of(apierr.KindOf(err))
		if got := fmt.Sprint(a.Status, " ", a.ID); got != want {
			t.Errorf("%v is answered %s, want %s", err, got, want)
		}
	}
}
