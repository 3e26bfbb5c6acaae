// Package guest holds the files of ours that go into disk images.
package guest

import "embed"

// Files are the files by the name of the image: debian or micro.
//
//go:embed all:debian all:micro
var Files embed.FS
