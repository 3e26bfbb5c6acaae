package api

import (
	"bytes"
	"compress/gzip"
	"strconv"
	"strings"
	"sync"
)

// worthCompressing is the size from which a body is compressed, in bytes: a
// smaller one fits a packet as it is.
const worthCompressing = 1400

var compressors = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is a valid one
	return w
}}

func compress(body []byte) []byte {
	var text bytes.Buffer
	w := compressors.Get().(*gzip.Writer)
	defer compressors.Put(w)
	w.Reset(&text)
	w.Write(body) // a bytes.Buffer takes everything
	w.Close()
	return text.Bytes()
}

// takesGzip reports whether a client that sends these Accept-Encoding headers
// wants gzip (RFC 9110, section 12.5.3): by name, or by * if not by name.
func takesGzip(headers []string) bool {
	byName, byStar := -1.0, -1.0
	for element := range elements(headers) {
		coding, parameter, _ := strings.Cut(element, ";")
		weight := 1.0
		if text, ok := strings.CutPrefix(strings.TrimSpace(strings.ToLower(parameter)), "q="); ok {
			weight, _ = strconv.ParseFloat(text, 64) // what can't be read is not wanted
		}
		switch strings.ToLower(strings.TrimSpace(coding)) {
		case "gzip", "x-gzip":
			byName = weight
		case "*":
			byStar = weight
		}
	}
	return byName > 0 || byName < 0 && byStar > 0
}
