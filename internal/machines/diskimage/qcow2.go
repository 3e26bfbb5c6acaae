package diskimage

import (
	"os"

	"github.com/rockpool-cloud/rockpool/internal/machines/qcow2"
)

// checkStandalone returns an error unless the file is qcow2 that a machine can
// start from.
func checkStandalone(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	header, err := qcow2.Read(f)
	if err != nil {
		return err
	}
	return header.CheckStandalone()
}
