package qemu

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
)

// makeFolders makes the engine's own folders. The users of machines must be able
// to pass through them, but need not read them.
func (e *Engine) makeFolders(ctx context.Context) error {
	if err := fault.At(ctx, "qemu.open.folders"); err != nil {
		return err
	}
	if err := os.MkdirAll(e.config.Dir, 0o711); err != nil {
		return err
	}
	if err := os.MkdirAll(e.binDir(), 0o755); err != nil {
		return err
	}
	if !e.isolated {
		return nil
	}
	for _, dir := range []string{e.config.DataDir, e.config.Dir, e.binDir()} {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		if err := os.Chmod(dir, info.Mode().Perm()|0o111); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) binDir() string { return filepath.Join(e.config.DataDir, "bin") }

// writeJSON replaces the file as a whole. After a crash it has the old content or
// the new.
func writeJSON(path string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", path, err)
	}
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(append(data, '\n')); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// flush returns when the changes of a file or a folder are on the disk.
func flush(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
