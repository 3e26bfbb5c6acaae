package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/digitalocean/godo"

	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

// A backup during operation restores the state of the cloud after a kill. The
// restore does not touch machines that were created after the backup, and no
// new droplet gets one of them.
func TestBackupAndRestore(t *testing.T) {
	s := rockpooltest.Start(t, "--compute", "simulated")
	backup := filepath.Join(t.TempDir(), "backup")
	domain := func(name string) {
		t.Helper()
		if _, _, err := s.Client().Domains.Create(t.Context(), &godo.DomainCreateRequest{Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) string {
		t.Helper()
		output, err := s.Run(args...)
		if err != nil {
			t.Fatal(err, output)
		}
		return output
	}
	refused := func(want string, args ...string) {
		t.Helper()
		output, err := s.Run(args...)
		if err == nil || !strings.Contains(output, want) {
			t.Errorf("%v: %v, %s; want it refused by words with %q", args, err, output, want)
		}
	}
	early := s.Up(micro("early"))
	domain("early.example")
	run("backup", backup)
	refused("is there already", "backup", backup)

	late := s.Up(micro("late"))
	domain("late.example")
	refused("another rockpool serves", "restore", "--replace", backup)
	s.Kill()
	refused("--replace", "restore", backup)
	if output := run("restore", "--replace", backup); !strings.Contains(output, "is kept as "+s.Data) {
		t.Errorf("restore said %s", output)
	}
	s.Start()

	if d := s.Droplet(early.ID); d.Name != "early" || d.Status != "active" {
		t.Errorf("the early droplet is %q and %s", d.Name, d.Status)
	}
	if _, _, err := s.Client().Droplets.Get(t.Context(), late.ID); !notFound(err) {
		t.Errorf("the late droplet: %v", err)
	}
	domains, _, err := s.Client().Domains.List(t.Context(), nil)
	if err != nil || len(domains) != 1 || domains[0].Name != "early.example" {
		t.Errorf("the domains are %v, %v", domains, err)
	}
	machine := filepath.Join(s.Data, "simulated", fmt.Sprint(late.ID)+".json")
	before, err := os.ReadFile(machine)
	if err != nil {
		t.Fatal(err)
	}
	if next := s.Up(micro("next")); next.ID <= late.ID {
		t.Errorf("the next droplet is %d, and %d has a machine already", next.ID, late.ID)
	}
	if after, err := os.ReadFile(machine); err != nil || string(after) != string(before) {
		t.Errorf("the machine of the late droplet was %s, and is %s, %v", before, after, err)
	}
	if err := os.Remove(machine); err != nil { // the cloud does not remove it
		t.Error(err)
	}
	s.DeleteAll()
}

func notFound(err error) bool {
	answer := new(godo.ErrorResponse)
	return errors.As(err, &answer) && answer.Response.StatusCode == 404
}

// A backup can be restored to an empty folder. The commands for PostgreSQL
// refer to the tools of PostgreSQL.
func TestRestoreElsewhere(t *testing.T) {
	s := rockpooltest.Start(t, "--compute", "simulated")
	s.NewKey("laptop")
	backup := filepath.Join(t.TempDir(), "backup")
	s.Stop()
	elsewhere := rockpooltest.New(t, "--compute", "simulated")
	if output, err := elsewhere.Run("backup", backup); err == nil || !strings.Contains(output, "no such file") {
		t.Errorf("a backup of nothing: %v, %s", err, output)
	}
	if _, err := os.Stat(elsewhere.Data); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it made %s: %v", elsewhere.Data, err)
	}
	if output, err := s.Run("backup", backup); err != nil {
		t.Fatal(err, output)
	}
	if output, err := elsewhere.Run("restore", backup); err != nil {
		t.Fatal(err, output)
	}
	output, err := elsewhere.Run("token", "create")
	if err != nil {
		t.Fatal(err, output)
	}
	if err := os.WriteFile(filepath.Join(elsewhere.Data, "token"), []byte(output), 0o600); err != nil {
		t.Fatal(err)
	}
	elsewhere.Start()
	keys, _, err := elsewhere.Client().Keys.List(t.Context(), nil)
	if err != nil || len(keys) != 1 || keys[0].Name != "laptop" {
		t.Errorf("the keys are %v, %v", keys, err)
	}
	for _, args := range [][]string{{"backup", backup}, {"restore", backup}} {
		output, err := s.Run(append(args, "--database", "postgres:///rockpool")...)
		if err == nil || !strings.Contains(output, "pg_") || strings.Count(strings.TrimSpace(output), "\n") > 0 {
			t.Errorf("%v of PostgreSQL: %v, %s", args, err, output)
		}
	}
}
