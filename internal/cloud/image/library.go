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

// Library is the images of one cloud and their files.
type Library struct {
	db      *store.DB
	config  Config
	log     *slog.Logger
	sizes   *size.Catalog
	regions []string
	sources map[string]diskimage.Source // by slug

	checkMu  sync.Mutex
	verdicts map[string]verdict // by slug

	getMu sync.Mutex
	gets  map[string]*get
	ctx   context.Context // ends at Close
	stop  context.CancelFunc
	wg    sync.WaitGroup // of the gets
}

// Config says where a library keeps its files and where they come from.
type Config struct {
	Dir     string // of the disk files
	Mirror  string // of Debian's packages; empty for the usual one
	Offline bool   // never download: only what is here or can be built is there
	NoFiles bool   // the engine reads no files: every image is available

	// Sources take the place of the catalogue's own, by slug, if not nil.
	Sources map[string]diskimage.Source
}

// Open returns the library of the public images, and writes those into the
// database that are not in it yet.
func Open(ctx context.Context, db *store.DB, config Config, sizes *size.Catalog, regions []string, log *slog.Logger) (*Library, error) {
	l := &Library{db: db, config: config, log: log, sizes: sizes, regions: regions,
		sources: map[string]diskimage.Source{}, verdicts: map[string]verdict{}, gets: map[string]*get{}}
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

// checkEvery is how long what was found out about a source is believed.
const checkEvery = time.Minute

// checkTimeout bounds how long anybody waits for a mirror that does not answer.
const checkTimeout = 3 * time.Second

// verdict is what was found out about a source.
type verdict struct {
	obstacle error
	at       time.Time
}

// Obstacle returns nil if droplets can be made from the image: its disk is
// here, or can be had. Else it says what is in the way.
func (l *Library) Obstacle(ctx context.Context, slug string) error {
	if l.config.NoFiles || l.Has(slug) {
		return nil
	}
	source := l.sources[slug]
	if source == nil {
		return l.noSource()
	}
	l.checkMu.Lock()
	known, ok := l.verdicts[slug]
	l.checkMu.Unlock()
	if ok && time.Since(known.at) < checkEvery {
		return known.obstacle
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
	defer cancel()
	found := verdict{source.Check(ctx), time.Now()}
	l.checkMu.Lock()
	l.verdicts[slug] = found
	l.checkMu.Unlock()
	return found.obstacle
}

func (l *Library) noSource() error {
	if l.config.Offline {
		return errors.New("it is not here, and --offline forbids to download it")
	}
	return errors.New("nothing is known of where to get it")
}

// Close gives up what is being got and returns when nothing of it is left.
func (l *Library) Close() {
	l.getMu.Lock()
	l.stop()
	l.getMu.Unlock()
	l.wg.Wait()
}

// obstacles is Obstacle for many images, all asked at once.
func (l *Library) obstacles(ctx context.Context, images []Image) []error {
	found := make([]error, len(images))
	var wg sync.WaitGroup
	for i, image := range images {
		wg.Go(func() { found[i] = l.Obstacle(ctx, image.Slug) })
	}
	wg.Wait()
	return found
}

// Has reports whether the image's disk is here.
func (l *Library) Has(slug string) bool { return l.size(slug) > 0 }

// size of the image's disk file in bytes; 0 if it is not here.
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

// Ensure returns the image's name for engines. Its file is built or downloaded
// first if it is not here. Those who want the same image at the same time wait
// for one get; each is told of its progress.
func (l *Library) Ensure(ctx context.Context, slug string, progress func(string)) (compute.Image, error) {
	if !l.config.NoFiles && !l.Has(slug) {
		if err := l.get(ctx, slug, progress); err != nil {
			return "", fmt.Errorf("image %s: %w", slug, err)
		}
	}
	return compute.Image(slug), nil
}

// Path returns the file of an image that Ensure has returned. Its format is
// qcow2.
func (l *Library) Path(image compute.Image) string { return l.path(string(image)) }
