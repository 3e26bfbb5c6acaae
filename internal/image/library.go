package image

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rockpool-cloud/rockpool/internal/compute"
	"github.com/rockpool-cloud/rockpool/internal/diskimage"
	"github.com/rockpool-cloud/rockpool/internal/size"
	"github.com/rockpool-cloud/rockpool/internal/store"
)

// Library is the images of one cloud and their files.
type Library struct {
	db      *store.DB
	config  Config
	log     *slog.Logger
	sizes   *size.Catalog
	regions []string
	sources map[string]diskimage.Source // by slug

	checkMu   sync.Mutex
	checked   time.Time
	reachable map[string]error // why an image that is not here can't be had; nil if it can

	getMu sync.Mutex
	gets  map[string]*get
}

// Config says where a library keeps its files and where they come from.
type Config struct {
	Dir       string // of the disk files
	Mirror    string // of Debian's packages; empty for the usual one
	Simulated bool   // no files at all: every image is available

	// Sources take the place of the catalogue's own, by slug, if not nil.
	Sources map[string]diskimage.Source
}

// Open returns the library of the public images, and writes those into the
// database that are not in it yet.
func Open(ctx context.Context, db *store.DB, config Config, sizes *size.Catalog, regions []string, log *slog.Logger) (*Library, error) {
	l := &Library{db: db, config: config, log: log, sizes: sizes, regions: regions,
		sources: map[string]diskimage.Source{}, gets: map[string]*get{}}
	entries := catalog(config.Mirror)
	for _, e := range entries {
		l.sources[e.slug] = e.source
	}
	if config.Sources != nil {
		l.sources = config.Sources
	}
	if !config.Simulated {
		if err := os.MkdirAll(config.Dir, 0o711); err != nil {
			return nil, fmt.Errorf("image library: %w", err)
		}
	}
	err := db.Write(ctx, func(tx *store.Tx) error { return seed(ctx, tx, entries) })
	if err != nil {
		return nil, fmt.Errorf("image library: %w", err)
	}
	return l, nil
}

// checkEvery is how long what was found out about sources is believed.
const checkEvery = time.Minute

// checkTimeout bounds how long a list of images waits for mirrors that do not
// answer.
const checkTimeout = 3 * time.Second

// check finds out which images could be had, all at once, if that is not known.
func (l *Library) check(ctx context.Context) map[string]error {
	l.checkMu.Lock()
	defer l.checkMu.Unlock()
	if l.reachable != nil && time.Since(l.checked) < checkEvery {
		return l.reachable
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
	defer cancel()
	var mu sync.Mutex
	found := map[string]error{}
	var group errgroup.Group
	for slug, source := range l.sources {
		group.Go(func() error {
			err := source.Check(ctx)
			mu.Lock()
			defer mu.Unlock()
			found[slug] = err
			return nil
		})
	}
	group.Wait()
	l.checked, l.reachable = time.Now(), found
	return found
}

// Obstacle returns nil if droplets can be made from the image: its disk is
// here, or can be had. Else it says what is in the way.
func (l *Library) Obstacle(ctx context.Context, slug string) error {
	if l.config.Simulated || l.Has(slug) {
		return nil
	}
	err, known := l.check(ctx)[slug]
	if !known {
		return errors.New("nothing is known of where to get it")
	}
	return err
}

// Has reports whether the image's disk is here.
func (l *Library) Has(slug string) bool {
	info, err := os.Stat(l.path(slug))
	return err == nil && info.Mode().IsRegular()
}

func (l *Library) path(slug string) string {
	return filepath.Join(l.config.Dir, slug+".qcow2")
}

// Ensure returns the image's disk, which is built or downloaded first if it is
// not here. Those who want the same image at the same time wait for one get;
// each is told of its progress.
func (l *Library) Ensure(ctx context.Context, slug string, progress func(string)) (compute.Image, error) {
	disk := compute.Image{Path: l.path(slug), Format: "qcow2"}
	if l.config.Simulated {
		return compute.Image{}, nil
	}
	if !l.Has(slug) {
		if err := l.get(ctx, slug, progress); err != nil {
			return compute.Image{}, fmt.Errorf("image %s: %w", slug, err)
		}
	}
	return disk, nil
}

// noteSize keeps the size of a disk that has just come.
func (l *Library) noteSize(ctx context.Context, slug string) error {
	info, err := os.Stat(l.path(slug))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the disk is not where it should be: %w", err)
	}
	if err != nil {
		return err
	}
	return l.db.Write(ctx, func(tx *store.Tx) error { return setSize(ctx, tx, slug, info.Size()) })
}
