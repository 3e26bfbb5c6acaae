package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
)

var (
	codeBlock  = regexp.MustCompile("(?s)```\n(.*?)```")
	inlineCode = regexp.MustCompile("`([^`\n]+)`")
	command    = regexp.MustCompile(`^(?:sudo |bin/|[A-Z_]+=\S+ )*rockpool (.*)$`)
)

// The program accepts every rockpool command of the README.
func TestReadmeCommands(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, block := range codeBlock.FindAllSubmatch(text, -1) {
		lines = append(lines, strings.Split(string(block[1]), "\n")...)
	}
	for _, code := range inlineCode.FindAllSubmatch(codeBlock.ReplaceAll(text, nil), -1) {
		lines = append(lines, string(code[1]))
	}
	found := 0
	for _, line := range lines {
		line, _, _ = strings.Cut(line, " #")
		match := command.FindStringSubmatch(strings.TrimSpace(line))
		if match == nil {
			continue
		}
		found++
		var c cli
		var exited bool
		parser, err := kong.New(&c, kong.Vars{"version": "", "data": "/data"}, kong.Writers(io.Discard, io.Discard), kong.Exit(func(int) { exited = true }))
		if err != nil {
			t.Fatal(err)
		}
		args := strings.Fields(match[1])
		if args[0] == "restore" { // restore requires an existing file
			args[1] = "readme_test.go"
		}
		if _, err := parser.Parse(args); err != nil && !exited {
			t.Errorf("%s: %v", line, err)
		}
	}
	if found < 15 {
		t.Errorf("only %d commands were found", found)
	}
}

// systemd accepts the units that the README installs. They do not stop
// machines when Rockpool stops.
func TestReadmeUnitsAreValid(t *testing.T) {
	analyze := needs.Program(t, "systemd-analyze", "systemd")
	for name, mode := range map[string]string{"rockpool.service": "--system", "rockpool-user.service": "--user"} {
		text, err := os.ReadFile(filepath.Join("../../packaging", name))
		if err != nil {
			t.Fatal(err)
		}
		unit := string(text)
		for _, line := range []string{"KillMode=process", "Delegate=yes"} {
			if !strings.Contains(unit, "\n"+line+"\n") {
				t.Errorf("%s lacks %s", name, line)
			}
		}
		unit = regexp.MustCompile(`ExecStart=\S+`).ReplaceAllString(unit, "ExecStart=/bin/true") // the program is not installed here
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(unit), 0o644); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), analyze, mode, "verify", path)
		cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+t.TempDir())
		output, err := cmd.CombinedOutput()
		for line := range strings.Lines(string(output)) {
			if strings.Contains(line, name) {
				t.Errorf("%s: %s", mode, line)
			}
		}
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, output)
		}
	}
}
