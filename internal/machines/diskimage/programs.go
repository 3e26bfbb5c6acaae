package diskimage

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// libraryDirs is where Debian's loader looks, in a tree of unpacked packages.
var libraryDirs = []string{"lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"}

// copyProgram copies a program and the libraries that it needs from one tree to
// another, each to the same place.
func copyProgram(from, to, path string) error {
	target := filepath.Join(to, path)
	if _, err := os.Lstat(target); err == nil {
		return nil
	}
	source, err := followLinks(from, path)
	if err != nil {
		return err
	}
	if err := copyFile(source, target); err != nil {
		return err
	}
	needs, err := linkedFiles(source, from)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, n := range needs {
		if err := copyProgram(from, to, n); err != nil {
			return err
		}
	}
	return nil
}

// linkedFiles returns the loader and the libraries that a program or library
// names itself.
func linkedFiles(path, tree string) ([]string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var files []string
	if s := f.Section(".interp"); s != nil {
		loader, err := s.Data()
		if err != nil {
			return nil, err
		}
		files = append(files, string(loader[1:len(loader)-1])) // without "/" and NUL
	}
	names, err := f.ImportedLibraries()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if name == "ld-linux-x86-64.so.2" {
			continue // the loader itself
		}
		lib, err := findLibrary(tree, name)
		if err != nil {
			return nil, err
		}
		files = append(files, lib)
	}
	return files, nil
}

// followLinks returns where path leads to inside the tree: an absolute link in
// it means the tree's root, not this machine's.
func followLinks(tree, path string) (string, error) {
	const maxLinks = 8
	for range maxLinks {
		full := filepath.Join(tree, path)
		info, err := os.Lstat(full)
		if err != nil {
			return "", err
		}
		if info.Mode().Type() != fs.ModeSymlink {
			return full, nil
		}
		link, err := os.Readlink(full)
		if err != nil {
			return "", err
		}
		if !filepath.IsAbs(link) {
			link = filepath.Join(filepath.Dir(path), link)
		}
		path = link
	}
	return "", fmt.Errorf("%s: too many symbolic links", path)
}

func findLibrary(tree, name string) (string, error) {
	for _, dir := range libraryDirs {
		path := filepath.Join(dir, name)
		if _, err := followLinks(tree, path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("library %s: %w", name, fs.ErrNotExist)
}

// copyFile copies what from is or links to, with its permissions, and makes the
// folders above to.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, info.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
