package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rockpool-cloud/rockpool/internal/cloud/droplet"
)

func TestShares(t *testing.T) {
	for _, test := range []struct {
		text string
		want int // of 24,000 MB, with a reserve of 2,400
	}{
		{"", 21600}, {"none", 0}, {"150%", 36000}, {"50 %", 12000}, {"20GB", 20480}, {"20gb", 20480}, {"1.5TB", 1.5 * (1 << 20)}, {"512MB", 512},
	} {
		var s share
		if test.text != "" {
			if err := s.UnmarshalText([]byte(test.text)); err != nil {
				t.Errorf("%q: %v", test.text, err)
			}
		}
		if got := s.of(24000, 2400); got != test.want {
			t.Errorf("%q is %d MB, want %d", test.text, got, test.want)
		}
	}
	for _, bad := range []string{"much", "20", "GB", "-5GB", "0%", "20XB", "NaN%", "1e300GB", "%"} {
		if err := new(share).UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is a share", bad)
		}
	}
}

func TestDefaultBudget(t *testing.T) {
	for host, want := range map[[2]int]droplet.Budget{
		{0, 0}:       {},                               // the simulated engine has no host
		{24000, 100}: {MemoryMB: 21600, DiskGB: 95},    //
		{512, 1}:     {MemoryMB: 256, DiskGB: 1},       // never 0, which means no limit
		{1e6, 1e4}:   {MemoryMB: 995904, DiskGB: 9980}, // the reserve is limited
	} {
		if got := (budgetFlags{}).budget(host[0], host[1]); got != want {
			t.Errorf("of %v it is %+v, want %+v", host, got, want)
		}
	}
}

// The first large droplet fits the budget. The second does not, and the error
// says how much memory is free.
func TestCreateIsRejectedAboveTheBudget(t *testing.T) {
	c := newClient(t, func(s *serveCommand) { s.MemoryBudget = share{mb: 24 << 10} })
	large := strings.Replace(goodDroplet, "s-1vcpu-256mb", "s-8vcpu-16gb", 1)
	c.Create(large)
	a := c.Do("POST", "/v2/droplets", large)
	if want := "No hypervisor fits this Droplet: 16384 MB of memory are wanted, 8192 MB of 24576 MB are free"; a.StatusCode != http.StatusUnprocessableEntity || a.At("message") != want {
		t.Errorf("the second: %d %s", a.StatusCode, a.Text)
	}
	if a := c.Do("POST", "/v2/droplets", strings.Replace(large, "s-8vcpu-16gb", "s-8vcpu-32gb", 1)); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.Text, "Size is not available") {
		t.Errorf("one larger than the budget: %d %s", a.StatusCode, a.Text)
	}
	for _, want := range []string{
		`rockpool_budget_bytes{resource="memory"} 2.5769803776e+10`,
		`rockpool_claimed_bytes{resource="memory"} 1.7179869184e+10`,
		`rockpool_free_bytes{resource="memory"} 8.589934592e+09`,
	} {
		if a := c.Do("GET", "/metrics", ""); !strings.Contains(a.Text, want) {
			t.Errorf("metrics lack %s:\n%s", want, a.Text)
		}
	}
}

func TestDoctorShowsTheBudget(t *testing.T) {
	data := newData(t)
	doctor := &doctorCommand{dataFlag: data, budgetFlags: budgetFlags{MemoryBudget: share{mb: 1000}, DiskBudget: share{none: true}}}
	if got := doctor.budget(t.Context()).state; got != "memory 0 MB used of 1000 MB, 1000 MB free; disk 0 GB used, no bound" {
		t.Errorf("before the first start: %s", got)
	}
	c := newClient(t, func(s *serveCommand) { s.dataFlag = data })
	c.Create(goodDroplet)
	if got := doctor.budget(t.Context()).state; got != "memory 256 MB used of 1000 MB, 744 MB free; disk 10 GB used, no bound" {
		t.Errorf("beside a cloud that serves: %s", got)
	}
}
