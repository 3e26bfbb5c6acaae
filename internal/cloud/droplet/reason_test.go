package droplet_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/action"
	"github.com/rockpool-cloud/rockpool/internal/cloud/droplet"
	"github.com/rockpool-cloud/rockpool/internal/ground/await"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
)

// logged receives log entries one by one. An action's end is logged after it is written,
// so a test has to wait for the entry.
type logged chan string

func (l logged) Write(entry []byte) (int, error) {
	l <- string(entry)
	return len(entry), nil
}

// The action, the log and the 404 of the droplet say why a create failed.
func TestTheReasonOfAFailedCreateIsShown(t *testing.T) {
	w := newWorld(t, func(point string) error {
		if point == "simulated.create" {
			return errors.New("no luck")
		}
		return nil
	})
	log := make(logged, 10)
	w.Log = slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	d, a := w.create()
	if a = w.wait(a.ID); a.Status != action.Errored || !strings.Contains(a.Reason, "no luck") {
		t.Errorf("the action is %s: %s", a.Status, a.Reason)
	}
	if text := await.Receive(t, log, "a warning"); !strings.Contains(text, "level=WARN") || !strings.Contains(text, "droplet=1") ||
		!strings.Contains(text, "image=") || !strings.Contains(text, "no luck") {
		t.Errorf("the log says:\n%s", text)
	}
	resources, err := w.Resources()
	check(t, err)
	info := resources[0].Handlers["GET /droplets/{droplet}"]
	ask := func(account int64) error {
		_, err := info(context.Background(), &resource.Request{AccountID: account, Path: map[string]string{"droplet": "1"}})
		return err
	}
	const missing = "The resource you were accessing could not be found."
	if err := ask(w.account); err == nil || err.Error() != missing+" It could not be made: "+a.Reason {
		t.Errorf("droplet %d: %v", d.ID, err)
	}
	if err := ask(w.account + 1); err == nil || err.Error() != missing {
		t.Errorf("to another account: %v", err)
	}
}

// A missing hypervisor and a wrong image give different messages.
func TestACreateSaysWhatIsMissing(t *testing.T) {
	w := newWorld(t, nil)
	w.Ready = func(context.Context) error { return errors.New("qemu-system-x86_64 is not installed") }
	want := "No hypervisor fits this Droplet: qemu-system-x86_64 is not installed"
	if _, err := w.Plan(t.Context(), w.account, droplet.Create{Name: "a", Size: "1gb", Image: "micro"}); err == nil || err.Error() != want {
		t.Errorf("without QEMU: %v", err)
	}
	w.Ready = nil
	want = `You specified an invalid image for Droplet creation. There is no image "debain" here.`
	if _, err := w.Plan(t.Context(), w.account, droplet.Create{Name: "a", Size: "1gb", Image: "debain"}); err == nil || err.Error() != want {
		t.Errorf("a typo: %v", err)
	}
}
