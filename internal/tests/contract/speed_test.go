package contract

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/pprof"
	"strconv"
	"testing"
)

// These benchmarks call the handler of a whole cloud without a network, whose
// cost would be the same on both sides of a comparison. Each takes its
// samples in one iteration and compares within one run. "make bench" puts the
// figures into its table.

const (
	rounds    = 60 // each round measures everything once
	pageSize  = 200
	longList  = 100_000
	deepPage  = 400
	creations = 20_000
)

// BenchmarkGetDroplet compares a GET of one droplet with a bare handler.
func BenchmarkGetDroplet(b *testing.B) {
	c := newBench(b, 1)
	ours, bare := c.get(b, "/v2/droplets/1"), bareGet(b, c)
	times := inTurn(5*rounds, 50, ours, bare)
	b.ReportMetric(5*rounds, "samples")
	b.ReportMetric(median(times[0])*1e6, "us")
	b.ReportMetric(median(times[1])*1e6, "us-bare")
	b.ReportMetric(median(ratios(times[1], times[0])), "of-bare")
	b.ReportMetric(testing.AllocsPerRun(100, ours), "allocs")
	b.ReportMetric(testing.AllocsPerRun(100, bare), "allocs-bare")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkPages compares pages of a long list of droplets with the single
// page of a short list.
func BenchmarkPages(b *testing.B) {
	short, long := newBench(b, pageSize), newBench(b, longList)
	from := func(c *benched, after int) func() {
		return c.get(b, "/v2/droplets", "Range", fmt.Sprintf("id ]%d..; max=%d", after, pageSize))
	}
	number := func(c *benched, page int) func() {
		return c.get(b, fmt.Sprintf("/v2/droplets?page=%d&per_page=%d", page, pageSize))
	}
	runtime.GC() // collect the garbage of the creates
	times := inTurn(rounds, 3, from(short, 0), from(long, 0), from(long, longList/2), from(long, longList-pageSize),
		number(short, 1), number(long, 1), number(long, deepPage))
	b.ReportMetric(rounds, "samples")
	b.ReportMetric(median(times[0])*1e3, "ms")
	b.ReportMetric(median(ratios(times[1], times[0])), "first")
	b.ReportMetric(median(ratios(times[2], times[0])), "middle")
	b.ReportMetric(median(ratios(times[3], times[0])), "last")
	b.ReportMetric(median(ratios(times[5], times[4])), "page-1")
	b.ReportMetric(median(ratios(times[6], times[4])), "page-400")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkValidation measures the share of the processor time of a create
// that its schema takes. No action runs at the same time.
func BenchmarkValidation(b *testing.B) {
	c := newBench(b, 1)
	c.Server.Actions.Close()
	key := c.Do("POST", "/v2/account/keys", fmt.Sprintf(`{"name":"laptop","public_key":%q}`, someKey))
	body := fmt.Appendf(nil, `{"name":"web-1.example.com","region":"nyc3","size":"s-1vcpu-1gb","image":"debian-12-x64",
		"ssh_keys":[%v,"%v"],"backups":"false","ipv6":false,"monitoring":true,"private_networking":"1","public_networking":true,
		"with_droplet_agent":false,"tags":["web","blue","env:prod"],"user_data":"#!/bin/sh\napt-get install -y nginx\n",
		"volumes":[],"vpc_uuid":null,"names":null,"backup_policy":null}`, key.At("ssh_key", "id"), key.At("ssh_key", "fingerprint"))
	path := filepath.Join(b.TempDir(), "cpu")
	profile, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer profile.Close()
	if err := pprof.StartCPUProfile(profile); err != nil {
		b.Fatal(err)
	}
	for range creations {
		w := &discard{header: http.Header{}}
		c.Server.Handler.ServeHTTP(w, c.request("POST", "/v2/droplets", body, "Content-Type", "application/json"))
		if w.status != http.StatusAccepted {
			b.Fatalf("a create is answered %d", w.status)
		}
	}
	pprof.StopCPUProfile()
	whole, schema := processorTime(b, path, `rockpool/internal/front/api\.`), processorTime(b, path, `rockpool/internal/front/schema\.`)
	b.ReportMetric(creations, "samples")
	b.ReportMetric(whole/creations*1e3, "us")
	b.ReportMetric(schema/whole*100, "percent")
	b.ReportMetric(0, "ns/op")
}

// processorTime returns the milliseconds of a profile in functions whose
// names match the pattern, and in all functions that they call.
func processorTime(b *testing.B, profile, pattern string) float64 {
	b.Helper()
	output, err := exec.Command("go", "tool", "pprof", "-top", "-unit", "ms", "-nodefraction", "0", "-nodecount", "1000000",
		"-focus", pattern, profile).CombinedOutput()
	if err != nil {
		b.Fatalf("%v: %s", err, output)
	}
	found := regexp.MustCompile(`accounting for ([0-9.]+)ms`).FindSubmatch(output)
	if found == nil {
		b.Fatalf("%s: %s", pattern, output)
	}
	time, err := strconv.ParseFloat(string(found[1]), 64)
	if err != nil {
		b.Fatal(err)
	}
	return time
}
