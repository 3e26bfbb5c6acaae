package diskimage

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// kernelModules finds modules of one kernel and what they depend on.
type kernelModules struct {
	dir   string            // lib/modules/VERSION
	paths map[string]string // by name, relative to dir
}

// openModules reads the names of all modules in dir.
func openModules(dir string) (kernelModules, error) {
	m := kernelModules{dir: dir, paths: map[string]string{}}
	return m, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if name, ok := strings.CutSuffix(filepath.Base(path), ".ko"); ok && err == nil {
			m.paths[moduleName(name)], err = filepath.Rel(dir, path)
		}
		return err
	})
}

// moduleName is the name that the kernel gives to the module of a file.
func moduleName(file string) string { return strings.ReplaceAll(file, "-", "_") }

// copy copies the modules, and those that they need, to the folder to, with a
// modules.dep for modprobe.
func (m kernelModules) copy(to string, names ...string) error {
	var index bytes.Buffer
	done := map[string]bool{}
	for _, name := range names {
		needed, err := m.closure(name)
		if err != nil {
			return err
		}
		for _, n := range needed {
			if done[n] {
				continue
			}
			done[n] = true
			if err := copyFile(filepath.Join(m.dir, m.paths[n]), filepath.Join(to, m.paths[n])); err != nil {
				return err
			}
			line, err := m.indexLine(n)
			if err != nil {
				return err
			}
			index.WriteString(line)
		}
	}
	return os.WriteFile(filepath.Join(to, "modules.dep"), index.Bytes(), 0o644)
}

// indexLine is the line of modules.dep for that module.
func (m kernelModules) indexLine(name string) (string, error) {
	needed, err := m.closure(name)
	if err != nil {
		return "", err
	}
	line := m.paths[name] + ":"
	for _, n := range needed[1:] {
		line += " " + m.paths[n]
	}
	return line + "\n", nil
}

// closure returns the module and all that it needs, each before what it needs
// itself.
func (m kernelModules) closure(name string) ([]string, error) {
	var order []string // what is needed first
	seen := map[string]bool{}
	var visit func(string) error
	visit = func(name string) error {
		if seen[name] {
			return nil
		}
		seen[name] = true
		depends, err := m.depends(name)
		if err != nil {
			return err
		}
		for _, d := range depends {
			if err := visit(d); err != nil {
				return err
			}
		}
		order = append([]string{name}, order...)
		return nil
	}
	return order, visit(name)
}

// depends returns what the module itself says it needs.
func (m kernelModules) depends(name string) ([]string, error) {
	path, ok := m.paths[name]
	if !ok {
		return nil, fmt.Errorf("the kernel in %s has no module %s", m.dir, name)
	}
	f, err := elf.Open(filepath.Join(m.dir, path))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	defer f.Close()
	section := f.Section(".modinfo")
	if section == nil {
		return nil, fmt.Errorf("%s: no .modinfo", path)
	}
	info, err := section.Data()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for entry := range strings.SplitSeq(string(info), "\x00") {
		if list, ok := strings.CutPrefix(entry, "depends="); ok && list != "" {
			return strings.Split(moduleName(list), ","), nil
		}
	}
	return nil, nil
}
