package torture

// kind is a kind of fault that a round can find.
type kind string

const (
	lost      kind = "lost"      // acknowledged, but missing
	doubles   kind = "doubles"   // requested once, but exists twice
	invented  kind = "invented"  // exists, but was not requested or was rejected
	stuck     kind = "stuck"     // an action that does not end, or a droplet that stays locked
	failed    kind = "failed"    // an action that errored without a cause
	lies      kind = "lies"      // a status that differs from the state of the machine
	answers   kind = "answers"   // a response that no client should get
	processes kind = "processes" // a machine's process without its droplet
	folders   kind = "folders"   // files without their droplet
	addresses kind = "addresses" // an address of no droplet, or of two
	listeners kind = "listeners" // a port open without a droplet, or closed with one
	rows      kind = "rows"      // rows that must not exist
)

var kinds = []kind{lost, doubles, invented, stuck, failed, lies, answers, processes, folders, addresses, listeners, rows}

// finding is one fault.
type finding struct {
	kind kind
	text string
}
