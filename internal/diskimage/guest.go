package diskimage

import (
	"bytes"
	"embed"
	"io/fs"
	"os"
	"path/filepath"
)

// guestFiles are the files of ours that go into images.
//
//go:embed all:guest
var guestFiles embed.FS

// guestFile returns an embedded file, which is known to be there.
func guestFile(name string) []byte {
	data, err := guestFiles.ReadFile("guest/" + name)
	if err != nil {
		panic(err)
	}
	return data
}

// guestMode is the mode of an embedded file: embedding does not keep it.
func guestMode(data []byte) fs.FileMode {
	if bytes.HasPrefix(data, []byte("#!")) {
		return 0o755
	}
	return 0o644
}

// copyGuestFiles writes the embedded folder to the folder to.
func copyGuestFiles(folder, to string) error {
	from, err := fs.Sub(guestFiles, "guest/"+folder)
	if err != nil {
		return err
	}
	return fs.WalkDir(from, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, path), 0o755)
		}
		data, err := fs.ReadFile(from, path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, path), data, guestMode(data))
	})
}
