// Package guest embeds Rockpool's own files for disk images.
package guest

import "embed"

// Files are the files by the name of the image: debian or micro.
//
//go:embed all:debian all:micro
var Files embed.FS
