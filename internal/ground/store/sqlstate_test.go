package store_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// These are the temporary ones among all errors of PostgreSQL.
func TestTemporaryErrorsOfPostgres(t *testing.T) {
	want := strings.Fields(`
		08000 08001 08003 08004 08006 08007 08P01
		25006 25P03 25P04
		40000 40001 40003 40P01
		53000 53100 53200 53300 53400
		55P03
		57000 57014 57P01 57P02 57P03 57P04 57P05
		58000 58030 58P01 58P02 58P03
		72000`)
	var got []string
	for _, code := range append(sqlStates(t), want...) {
		err := fmt.Errorf("write: %w", errors.Join(&pgconn.PgError{Code: code}))
		if store.IsAway(err) && !slices.Contains(got, code) {
			got = append(got, code)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("errors that pass (-want +got):\n%s", diff)
	}
}

// sqlStates returns the codes of all errors that the installed PostgreSQL has.
func sqlStates(t *testing.T) (codes []string) {
	t.Helper()
	names, err := filepath.Glob("/usr/share/postgresql/*/errcodes.txt")
	if err != nil || len(names) == 0 {
		needs.Skip(t, "PostgreSQL's list of errors: apt-get install postgresql")
	}
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			fields := strings.Fields(lines.Text())
			if len(fields) >= 3 && len(fields[0]) == 5 && (fields[1] == "E" || fields[1] == "W" || fields[1] == "S") {
				codes = append(codes, fields[0])
			}
		}
	}
	if len(codes) < 200 {
		t.Fatalf("only %d errors were found in %q", len(codes), names)
	}
	return codes
}
