package torture

// kind is a kind of fault that a round can find.
type kind string

const (
	lost      kind = "lost"      // acknowledged, and not there
	doubles   kind = "doubles"   // asked for once, and there twice
	invented  kind = "invented"  // there, and asked for by nobody or refused
	stuck     kind = "stuck"     // an action without end, a droplet that stays locked
	failed    kind = "failed"    // an action that ended badly without a reason to
	lies      kind = "lies"      // a status that is not the machine's
	answers   kind = "answers"   // an answer that no client should get
	processes kind = "processes" // a machine's process without its droplet
	folders   kind = "folders"   // files without their droplet
	addresses kind = "addresses" // an address of none, or of two
	listeners kind = "listeners" // a port open without a droplet, or closed with one
	rows      kind = "rows"      // what the database should not hold
)

var kinds = []kind{lost, doubles, invented, stuck, failed, lies, answers, processes, folders, addresses, listeners, rows}

// finding is one fault.
type finding struct {
	kind kind
	text string
}
