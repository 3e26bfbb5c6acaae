// Package diskimage makes the disk images that droplets start from: built from
// a distribution's own packages, or downloaded and checked. No part of it needs
// a loop device, a mount or, where user namespaces are allowed, root.
package diskimage

import "context"

// Source is one way to get a disk image.
type Source interface {
	// Check returns nil if Get can succeed on this machine. Otherwise its error
	// names everything that is missing and the command that installs it.
	Check(ctx context.Context) error

	// Get writes the image as qcow2 without a backing file to dest. It is made
	// in a temporary folder beside dest, fsynced and renamed into place.
	// progress gets short human sentences; nil is allowed. A failed or
	// cancelled Get leaves nothing behind. When the process is killed, so are
	// the programs that Get has started; the files that they leave are removed
	// by the next Get for the same dest.
	Get(ctx context.Context, dest string, progress func(string)) error
}
