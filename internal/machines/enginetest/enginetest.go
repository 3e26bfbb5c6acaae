// Package enginetest is the contract of package compute as tests. Every engine
// passes the suite of the core, and the suite of each part that it has.
package enginetest

import (
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// Options are what the engine needs and how its guests behave.
type Options struct {
	Image    compute.Image
	MemoryMB int           // of each machine; default: 128
	Deadline time.Duration // for any one thing to happen; default: 30 s

	// Obeys means that the guest powers off when asked to, although perhaps only
	// after some time and when asked again.
	Obeys bool

	// Crash ends a running machine from outside the engine.
	Crash func(t *testing.T, engine compute.Engine, id int64)

	// Seen returns what the guest of a running machine has: its processors,
	// memory and disks, without their images.
	Seen func(t *testing.T, engine compute.Engine, id int64) compute.Spec
}

// Open returns a new engine without machines, and a function that simulates the next
// process. That frees what the end of the first process would free, and opens
// another engine on the same machines. t cleans up.
type Open func(t *testing.T) (engine compute.Engine, reopen func() compute.Engine)

// test is one case of a suite.
type test struct {
	name string
	run  func(*harness)
}

// core is the suite of compute.Engine.
var core = []test{
	{"Capabilities", testCapabilities},
	{"UnknownID", testUnknownID},
	{"Life", testLife},
	{"RejectedSpec", testRejectedSpec},
	{"NumberOfDisksAndInterfaces", testNumbers},
	{"Forwards", testForwards},
	{"Change", testChange},
	{"ChangeUndone", testChangeUndone},
	{"RejectedChange", testRejectedChange},
	{"FaultsInChange", testFaultsInChange},
	{"WaitEndsByStop", testWaitEndsByStop},
	{"WaitEndsByContext", testWaitEndsByContext},
	{"Shutdown", testShutdown},
	{"Crash", testCrash},
	{"Restart", testRestart},
	{"StoppedWhileAway", testStoppedWhileAway},
	{"CancelledContext", testCancelledContext},
	{"Together", testTogether},
	{"Faults", testFaults},
	{"FaultsInRecover", testFaultsInRecover},
}

// parts are the suites of the parts that an engine may have.
var parts = []struct {
	name  string
	isOf  func(compute.Engine) bool
	tests []test
}{
	{"Consoles", has[compute.Consoles], consoles},
	{"Hosted", has[compute.Hosted], hosted},
}

func has[Part any](engine compute.Engine) bool {
	_, ok := engine.(Part)
	return ok
}

// Run tests an engine.
func Run(t *testing.T, open Open, options Options) {
	if options.Deadline == 0 {
		options.Deadline = 30 * time.Second
	}
	if options.MemoryMB == 0 {
		options.MemoryMB = 128
	}
	run(t, open, options, core)
	engine := newHarness(t, open, options).engine
	for _, part := range parts {
		if part.isOf(engine) {
			t.Run(part.name, func(t *testing.T) { run(t, open, options, part.tests) })
		}
	}
}

func run(t *testing.T, open Open, options Options, tests []test) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel() // mostly they wait for a process to start or to end
			test.run(newHarness(t, open, options))
		})
	}
}
