package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// owners are the packages whose SQL may name a table. The totals of lists are
// written by triggers and read by every room that has a long list.
var owners = map[string]string{
	"accounts": "identity/account", "tokens": "identity/oauth",
	"ssh_keys": "cloud/key", "images": "cloud/image", "addresses": "cloud/address",
	"droplets": "cloud/droplet", "actions": "cloud/action",
	"sagas": "ground/saga", "saga_steps": "ground/saga", "saga_locks": "ground/saga",
	"idempotency_keys": "front/idempotency",
	"domains":          "cloud/domain/zonedb", "domain_records": "cloud/domain/zonedb", "domain_keys": "cloud/domain/zonedb",
	"domain_serials": "cloud/domain/zonedb", "domain_changes": "cloud/domain/feed", "domain_sequence": "cloud/domain/feed",
	"domain_pointers": "cloud/domain", "totals": "",
}

var (
	created = regexp.MustCompile(`CREATE TABLE (\w+)`)
	named   = regexp.MustCompile(`\b(?:FROM|JOIN|INTO|UPDATE) (\w+)`)
)

// Every table has an owner, and no other package's SQL names it.
func TestNoPackagesSQLNamesAnothersTable(t *testing.T) {
	migrations, err := filepath.Glob("ground/store/migrations/*.sql")
	if err != nil || len(migrations) < 10 {
		t.Fatalf("%d migrations, %v", len(migrations), err)
	}
	for _, name := range migrations {
		for _, match := range created.FindAllStringSubmatch(read(t, name), -1) {
			if _, known := owners[match[1]]; !known && match[1] != "action_steps" { // dropped since
				t.Errorf("%s: the table %s has no owner", name, match[1])
			}
		}
	}
	statements := 0
	err = filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") ||
			strings.HasPrefix(name, "tests/") || strings.HasSuffix(filepath.Dir(name), "test") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			for _, match := range named.FindAllStringSubmatch(literal.Value, -1) {
				owner, known := owners[match[1]]
				if !known || owner == "" {
					continue
				}
				statements++
				if in := path.Dir(filepath.ToSlash(name)); in != owner {
					t.Errorf("%s names the table %s of %s: %s", name, match[1], owner, match[0])
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if statements < 50 {
		t.Errorf("only %d names of tables were found", statements)
	}
}
