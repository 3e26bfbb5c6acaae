package qemu

import (
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// BenchmarkLife measures each part of a machine's life, in ms.
func BenchmarkLife(b *testing.B) {
	dir := b.TempDir()
	e := openIn(b, dir)
	image := blankImage(b)
	recovered(b, e)
	spent := map[string]time.Duration{}
	timed := func(name string, call func() error) {
		begin := time.Now()
		if err := call(); err != nil {
			b.Fatal(err)
		}
		spent[name] += time.Since(begin)
	}
	ctx := b.Context()
	spec := testSpec(99, image)
	for b.Loop() {
		timed("create", func() error { return e.Create(ctx, spec) })
		timed("start", func() error { return e.Start(ctx, spec.ID) })
		timed("reset", func() error { return e.Reset(ctx, spec.ID) })
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
		e = openIn(b, dir)
		timed("recover", func() error { return e.Recover(ctx, func(compute.Event) {}) })
		timed("stop", func() error { return e.Stop(ctx, spec.ID) })
		timed("destroy", func() error { return e.Destroy(ctx, spec.ID) })
	}
	for name, d := range spent {
		b.ReportMetric(float64(d.Microseconds())/1000/float64(b.N), name+"-ms")
	}
	if err := e.Close(); err != nil {
		b.Fatal(err)
	}
}
