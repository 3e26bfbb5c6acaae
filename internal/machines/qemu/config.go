// Package qemu runs machines as QEMU processes, one process and one folder a
// machine. The processes outlive Rockpool, and Recover finds them again.
//
// A machine's folder contains
//
//	machine.json   the spec, and what else a start needs
//	disk.qcow2     an overlay on the image
//	lock           locked by the QEMU process, and nobody else, as long as it lives
//	qmp.sock       where QEMU takes commands
//	metadata.sock  where the engine answers that guest's metadata requests
//	console.sock   where one client at a time uses the guest's serial port
//	console.log    the last of what the guest has written to its serial port
//	qemu.log       the last of QEMU's output since its last start; locked
//	               as long as the process lives that writes both logs
//
// A folder gets its final name, the machine's id, last. So a folder with that name
// is complete.
//
// QEMU works in that folder and reaches everything by relative paths or by
// inherited files, so that the data directory can be moved, and can lie where
// the user that QEMU runs as could not go.
package qemu

import (
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/qemu/accel"
)

// Config is where an engine's machines are and what it runs them with.
// Only Dir, Images and Metadata must be set.
type Config struct {
	Dir     string // the machines' folders are in here
	DataDir string // for bin/rockpool, the relays of guests, and users.json; default: the parent of Dir

	// Images returns the file of an image, which must be there.
	Images func(compute.Image) (ImageFile, error)

	Binary  string // QEMU's system emulator; default: qemu-system-x86_64
	QemuImg string // default: qemu-img

	// Relay is the executable that runs before and beside QEMU; it must call
	// helper.Run first. Default: this program.
	Relay string

	// Metadata answers the requests of the guest with that id.
	Metadata func(id int64) http.Handler

	// Accelerator is used as it is instead of probing, if set.
	Accelerator accel.Result

	Logger *slog.Logger // default: none
}

func (c Config) withDefaults() (Config, error) {
	if c.Dir == "" || c.Images == nil || c.Metadata == nil {
		return c, fmt.Errorf("QEMU engine: Dir, Images and Metadata must be set")
	}
	var err error
	if c.Dir, err = filepath.Abs(c.Dir); err != nil {
		return c, fmt.Errorf("QEMU engine: %w", err)
	}
	if c.DataDir == "" {
		c.DataDir = filepath.Dir(c.Dir)
	}
	if c.DataDir, err = filepath.Abs(c.DataDir); err != nil {
		return c, fmt.Errorf("QEMU engine: %w", err)
	}
	if c.Binary == "" {
		c.Binary = "qemu-system-x86_64"
	}
	if c.QemuImg == "" {
		c.QemuImg = "qemu-img"
	}
	if c.Relay == "" {
		if c.Relay, err = os.Executable(); err != nil {
			return c, fmt.Errorf("QEMU engine: find this program's file: %w", err)
		}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// resolve replaces the folders, which must be there, by their paths without
// symbolic links.
func (c *Config) resolve() (err error) {
	if c.Dir, err = filepath.EvalSymlinks(c.Dir); err != nil {
		return err
	}
	c.DataDir, err = filepath.EvalSymlinks(c.DataDir)
	return err
}

// installed finds the programs that the engine runs, each time anew, so that
// installing them needs no restart.
func (c Config) installed() (binary, qemuImg string, err error) {
	if binary, err = lookUp(c.Binary, "qemu-system-x86"); err != nil {
		return "", "", err
	}
	if qemuImg, err = lookUp(c.QemuImg, "qemu-utils"); err != nil {
		return "", "", err
	}
	return binary, qemuImg, nil
}

func lookUp(program, debianPackage string) (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("%w: install it, on Debian and Ubuntu with: sudo apt-get install %s", err, debianPackage)
	}
	return filepath.Abs(path)
}
