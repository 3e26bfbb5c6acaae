package apierr

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write docs/errors.md anew")

func TestErrorsAreDocumented(t *testing.T) {
	const path = "../../../docs/errors.md"
	var want bytes.Buffer
	want.WriteString("# Errors\n\nWritten by `go test ./internal/ground/apierr -update` from the table in package apierr.\n\n" +
		"Every answer that is not a success has the form `{\"id\", \"message\", \"request_id\"}`, and `errors`, a list of\n" +
		"`{\"field\", \"message\"}`, where it is about parameters.\n\n| status | id | when |\n|---|---|---|\n")
	for _, k := range Table() {
		fmt.Fprintf(&want, "| %d | `%s` | %s |\n", k.Status, k.ID, k.When)
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

// Other packages can't set an Error's kind; here, errors and kinds are made in
// one function each.
func TestEveryErrorIsOfTheTable(t *testing.T) {
	made := map[string]string{}
	for _, name := range []string{"apierr.go", "table.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			in := "a declaration"
			if f, ok := d.(*ast.FuncDecl); ok {
				in = f.Name.Name
			}
			ast.Inspect(d, func(n ast.Node) bool {
				literal, ok := n.(*ast.CompositeLit)
				if !ok {
					return true
				}
				switch of, _ := literal.Type.(*ast.Ident); {
				case of != nil && (of.Name == "Error" || of.Name == "Kind" || of.Name == "kind"):
					made[of.Name] += in + " "
				}
				return true
			})
		}
	}
	if diff := cmp.Diff(map[string]string{"Error": "error ", "Kind": "define "}, made); diff != "" {
		t.Errorf("what is made where (-want +got):\n%s", diff)
	}
}

func TestKindsDiffer(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Table() {
		if seen[k.ID] || k.Status < 400 || k.ID == "" || k.When == "" {
			t.Errorf("%+v", k)
		}
		seen[k.ID] = true
	}
}

func TestFrom(t *testing.T) {
	if e := From(fmt.Errorf("read the droplet: %w", NotFound())); e.Status != 404 || e.ID != "not_found" {
		t.Errorf("a wrapped error became %d %s", e.Status, e.ID)
	}
	if e := From(errors.New("secret")); e.Status != 500 || e.ID != "server_error" || e.Message != "Unexpected server-side error" {
		t.Errorf("an error of the server's own became %+v", e)
	}
}
