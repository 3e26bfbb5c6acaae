package api

import (
	"bytes"
	"compress/gzip"
	"strconv"
	"strings"
	"sync"
)

// worthCompressing is the size from which a body is compressed, in bytes. A smaller
// one fits into one packet anyway.
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

// takesGzip reports whether a body of that size is compressed for a client that
// sends these Accept-Encoding headers (RFC 9110, section 12.5.3). It is if the
// headers name gzip, or *, with at least the weight of identity. A small body is
// compressed only if identity is not acceptable.
func takesGzip(headers []string, size int) bool {
	if len(headers) == 0 {
		return false
	}
	weights := map[string]float64{}
	for element := range elements(headers) {
		coding, parameter, _ := strings.Cut(strings.ToLower(element), ";")
		weight := 1.0
		if text, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q="); ok {
			weight, _ = strconv.ParseFloat(text, 64) // an invalid weight counts as 0
		}
		weights[strings.TrimPrefix(strings.TrimSpace(coding), "x-")] = weight
	}
	compressed, ok := weights["gzip"]
	if !ok {
		compressed = weights["*"]
	}
	plain, named := weights["identity"]
	if !named {
		all, ok := weights["*"]
		if named = ok && all == 0; !named {
			plain = min(1, compressed) // acceptable, but with no more than the weight of gzip
		}
	}
	return compressed > 0 && compressed >= plain && (size >= worthCompressing || named && plain == 0)
}
