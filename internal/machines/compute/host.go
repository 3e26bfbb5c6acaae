package compute

// Hosted is a part that an engine may have: its machines end with a host.
type Hosted interface {
	// HostLife is the same for as long as the host of the machines runs, and
	// another one after its restart.
	HostLife() (string, error)
}
