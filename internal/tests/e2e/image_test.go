package e2e

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/needs"
	"github.com/rockpool-cloud/rockpool/internal/machines/diskimage"
	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

const buildLimit = 4 * time.Minute

// TestImageBuild requests the same image by two commands and a create at the
// same time. It is built once.
func TestImageBuild(t *testing.T) {
	needMachines(t)
	needTools(t)
	s := rockpooltest.Start(t)
	key := s.NewKey("laptop")
	output, err := s.Run("image", "ls")
	if err != nil || state(output, "micro") != "comes when it is first wanted" {
		t.Errorf("before the build, image ls says (%v):\n%s", err, output)
	}
	var building sync.WaitGroup
	outputs := make([]string, 2)
	for i := range outputs {
		building.Go(func() {
			output, err := s.Run("image", "build", "micro")
			if err != nil {
				t.Errorf("%v: %s", err, output)
			}
			outputs[i] = output
		})
	}
	id, action := s.Create(micro("waits", key))
	s.Completed(action, buildLimit)
	building.Wait()
	const begin = "Fetching Debian packages"
	builds := s.LogCount("doing=\"" + begin)
	for _, output := range outputs {
		builds += strings.Count(output, begin)
	}
	if builds != 1 {
		t.Errorf("the image was built %d times; the commands said:\n%s", builds, strings.Join(outputs, "\n"))
	}
	expect(t, s.Login(id, key, bootLimit), "hostname", "waits")
	s.Delete(id)
	if output, err = s.Run("image", "ls"); err != nil || state(output, "micro") != "is here" {
		t.Errorf("after the build, image ls says (%v):\n%s", err, output)
	}
	if output, err = s.Run("image", "build", "micro"); err != nil || !strings.Contains(output, "is here already") {
		t.Errorf("a second build says (%v): %s", err, output)
	}
	if output, err = s.Run("image", "build", "nothing"); err == nil || !strings.Contains(output, "image nothing") {
		t.Errorf("a build of nothing says (%v): %s", err, output)
	}
}

// state returns the state of an image in the list of images.
func state(list, slug string) string {
	for line := range strings.Lines(list) {
		if fields := strings.Fields(line); len(fields) > 0 && fields[0] == slug {
			columns := strings.Split(strings.TrimSpace(line), "  ")
			return strings.TrimSpace(columns[len(columns)-1])
		}
	}
	return "not there"
}

// TestImageBuildFails builds an image without a working mirror.
func TestImageBuildFails(t *testing.T) {
	needMachines(t)
	if err := (diskimage.Micro{}).Check(t.Context()); err != nil {
		needs.Skip(t, "%v", err)
	}
	const nowhere = "http://127.0.0.1:9/debian" // nothing listens on the port of the discard service
	s := rockpooltest.Start(t, "--mirror", nowhere)
	id, action := s.Create(micro("never"))
	a := s.Ended(action, buildLimit)
	if a.Status != "errored" || !strings.Contains(a.Error, "image micro") {
		t.Errorf("the create is %s: %q; want an error of image micro", a.Status, a.Error)
	}
	s.AssertGone(id)
	for _, left := range s.Files("images") {
		if !strings.HasSuffix(left, ".lock") {
			t.Errorf("the failed build has left %s", left)
		}
	}
}

// needTools skips the test where images can't be built.
func needTools(t *testing.T) {
	t.Helper()
	if err := (diskimage.Micro{}).Check(t.Context()); err != nil {
		needs.Skip(t, "%v", err)
	}
}
