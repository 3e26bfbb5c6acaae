package diskimage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"

	"github.com/rockpool-cloud/rockpool/internal/ground/fault"
)

// Download is a distribution's official cloud image, in qcow2, that is checked
// by the checksum which the distribution publishes.
type Download struct {
	URL       string
	SumsURL   string       // of the list of checksums that names the last part of URL
	Algorithm string       // "sha256" or "sha512"
	Client    *http.Client // nil for http.DefaultClient
}

// maxSums bounds the list of checksums, in bytes.
const maxSums = 4 << 20

// Check implements Source. It asks the server whether the image is there, for
// as long as ctx allows.
func (d Download) Check(ctx context.Context) error {
	_, hashErr := d.newHash()
	_, nameErr := d.fileName()
	err := errors.Join(hashErr, nameErr)
	if err == nil {
		var response *http.Response
		if response, err = d.ask(ctx, http.MethodHead, d.URL); err == nil {
			err = response.Body.Close()
		}
	}
	if err != nil {
		return fmt.Errorf("the image at %s cannot be had: %w", d.URL, err)
	}
	return nil
}

// Get implements Source.
func (d Download) Get(ctx context.Context, dest string, progress func(string)) error {
	return place(ctx, dest, func(ctx context.Context, dir string) error {
		if err := d.fetch(ctx, filepath.Join(dir, imageFile), reporter(progress)); err != nil {
			return fmt.Errorf("downloading %s: %w", d.URL, err)
		}
		return nil
	})
}

func (d Download) fetch(ctx context.Context, file string, progress func(string)) error {
	if err := fault.At(ctx, "diskimage.fetch"); err != nil {
		return err
	}
	name, err := d.fileName()
	if err != nil {
		return err
	}
	sum, err := d.newHash()
	if err != nil {
		return err
	}
	progress("Fetching the checksum of " + name)
	expected, err := d.fetchSum(ctx, name, sum.Size())
	if err != nil {
		return err
	}
	if err := d.fetchImage(ctx, file, sum, func(percent int64) {
		progress(fmt.Sprintf("Downloading %s: %d %%", name, percent))
	}); err != nil {
		return err
	}
	if actual := sum.Sum(nil); !bytes.Equal(actual, expected) {
		return fmt.Errorf("its %s checksum is %s, but %s says %s",
			d.Algorithm, hex.EncodeToString(actual), d.SumsURL, hex.EncodeToString(expected))
	}
	return checkStandalone(file)
}

// fetchSum returns the published checksum.
func (d Download) fetchSum(ctx context.Context, name string, size int) ([]byte, error) {
	response, err := d.ask(ctx, http.MethodGet, d.SumsURL)
	if err != nil {
		return nil, fmt.Errorf("fetching the checksums: %w", err)
	}
	defer response.Body.Close()
	sum, err := findSum(io.LimitReader(response.Body, maxSums), name, d.Algorithm, size)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.SumsURL, err)
	}
	return sum, nil
}

// fetchImage writes the image to file and to sum.
func (d Download) fetchImage(ctx context.Context, file string, sum hash.Hash, progress func(percent int64)) error {
	response, err := d.ask(ctx, http.MethodGet, d.URL)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	body := &meter{reader: response.Body, size: response.ContentLength, progress: progress}
	_, err = io.Copy(io.MultiWriter(out, sum), body)
	return errors.Join(err, out.Close())
}

// ask sends a request and returns the answer. A bad status is an error.
func (d Download) ask(ctx context.Context, method, from string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, from, nil)
	if err != nil {
		return nil, err
	}
	client := d.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := doUnlessStalled(client, request)
	if failed := new(url.Error); errors.As(err, &failed) {
		return nil, failed.Err // every caller names the URL itself
	}
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("the server says %s", response.Status), response.Body.Close())
	}
	return response, nil
}

func (d Download) newHash() (hash.Hash, error) {
	switch d.Algorithm {
	case "sha256":
		return sha256.New(), nil
	case "sha512":
		return sha512.New(), nil
	}
	return nil, fmt.Errorf("checksum algorithm %q: only sha256 and sha512 are known", d.Algorithm)
}

// fileName is the name of the image in the list of checksums.
func (d Download) fileName() (string, error) {
	u, err := url.Parse(d.URL)
	if err != nil {
		return "", err
	}
	name := path.Base(u.Path)
	if name == "." || name == "/" {
		return "", fmt.Errorf("%q names no file", d.URL)
	}
	return name, nil
}

// meter reports the progress after each tenth of size bytes read from reader.
type meter struct {
	reader   io.Reader
	size     int64 // -1 if unknown: no progress is reported
	done     int64
	reported int64
	progress func(percent int64)
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.reader.Read(p)
	m.done += int64(n)
	if m.size <= 0 {
		return n, err
	}
	if tenth := m.done * 10 / m.size; tenth > m.reported {
		m.reported = tenth
		m.progress(tenth * 10)
	}
	return n, err
}
