package image

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/cloud/size"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
	"github.com/rockpool-cloud/rockpool/internal/machines/diskimage"
)

// Library has the images of one cloud and their files.
type Library struct {
	db      *store.DB
	config  Config
	log     *slog.Logger
	sizes   *size.Catalog
	regions []string
	sources map[string]diskimage.Source // by slug

	checkMu sync.Mutex
	checks  map[string]check // by slug

	getMu sync.Mutex
	gets  map[string]*get
	ctx   context.Context // ends at Close
	stop  context.CancelFunc
	wg    sync.WaitGroup // of the gets
}

// Config says where a library stores its files and where it gets them.
type Config struct {
	Dir     string // of the disk files
	Mirror  string // of Debian's packages; empty for the usual one
	Offline bool   // never download: only local images and those that can be built are available
	NoFiles bool   // the engine reads no image files: every image is available

	// Sources replaces the catalogue's sources, by slug, if it is not nil.
	Sources map[string]diskimage.Source
}

// Open returns the library of the public images, and writes the catalogue into the
// database.
func Open(ctx context.Context, db *store.DB, config Config, sizes *size.Catalog, regions []string, log *slog.Logger) (*Library, error) {
	l := &Library{db: db, config: config, log: log, sizes: sizes, regions: regions,
		sources: map[string]diskimage.Source{}, checks: map[string]check{}, gets: map[string]*get{}}
	l.ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	entries := catalog(config.Mirror)
	for _, e := range entries {
		if _, download := e.source.(diskimage.Download); !download || !config.Offline {
			l.sources[e.slug] = e.source
		}
	}
	if config.Sources != nil {
		l.sources = config.Sources
	}
	if !config.NoFiles {
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

// checkInterval is how long the result of a check is used.
const checkInterval = time.Minute

// checkTimeout is the timeout of a check, for mirrors that do not answer.
const checkTimeout = 3 * time.Second

// check is the result of a source's check.
type check struct {
	obstacle error
	at       time.Time
}

// Obstacle returns nil if droplets can be made from the image: its disk exists here, or
// can be built or downloaded. Otherwise it says why not.
func (l *Library) Obstacle(ctx context.Context, slug string) error {
	if l.config.NoFiles || l.Has(slug) {
		return nil
	}
	source := l.sources[slug]
	if source == nil {
		return l.noSource()
	}
	l.checkMu.Lock()
	last, ok := l.checks[slug]
	l.checkMu.Unlock()
	if ok && time.Since(last.at) < checkInterval {
		return last.obstacle
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
	defer cancel()
	last = check{source.Check(ctx), time.Now()}
	l.checkMu.Lock()
	l.checks[slug] = last
	l.checkMu.Unlock()
	return last.obstacle
}

func (l *Library) noSource() error {
	if l.config.Offline {
		return errors.New("it is not here, and --offline forbids downloading it")
	}
	return errors.New("it has no source")
}

// Close cancels all builds and downloads and returns when they have ended.
func (l *Library) Close() {
	l.getMu.Lock()
	l.stop()
	l.getMu.Unlock()
	l.wg.Wait()
}

// obstacles returns the Obstacle of each image. It checks them concurrently.
func (l *Library) obstacles(ctx context.Context, images []Image) []error {
	found := make([]error, len(images))
	var wg sync.WaitGroup
	for i, image := range images {
		wg.Go(func() { found[i] = l.Obstacle(ctx, image.Slug) })
	}
	wg.Wait()
	return found
}

// Has reports whether the image's disk file exists.
func (l *Library) Has(slug string) bool { return l.size(slug) > 0 }

// size returns the size of the image's disk file in bytes, or 0 if it does not exist.
func (l *Library) size(slug string) int64 {
	info, err := os.Stat(l.path(slug))
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	return info.Size()
}

func (l *Library) path(slug string) string {
	return filepath.Join(l.config.Dir, slug+".qcow2")
}

// Ensure returns the image's name for engines. It first builds or downloads the file if
// it does not exist. Concurrent callers for the same image share one build or download;
// progress is called for each of them.
func (l *Library) Ensure(ctx context.Context, slug string, progress func(string)) (compute.Image, error) {
	if !l.config.NoFiles && !l.Has(slug) {
		if err := l.get(ctx, slug, progress); err != nil {
			return "", fmt.Errorf("image %s: %w", slug, err)
		}
	}
	return compute.Image(slug), nil
}

// Path returns the path of an image that Ensure has returned. Its format is qcow2.
func (l *Library) Path(image compute.Image) string { return l.path(string(image)) }
