// Package torture attacks the real program while clients use it. It then
// compares the responses that the clients got with the state of the cloud.
//
// A round is one cloud of its own. Clients create, change and delete droplets
// over HTTP, with idempotency keys and without. Meanwhile attacks strike: the
// program is killed, machines are killed or frozen, other processes open the
// database, the disk fills up, PostgreSQL dies, the host restarts. In the end
// the program is killed once more, started, and judged. Then every droplet is
// deleted, and nothing may be left.
//
// A round has a seed. The same seed gives every client the same throws of its
// dice in the same order, and the same attacks at the same counts of
// acknowledged requests with the same short delays. Which request is under way
// at the moment of a strike depends on the schedulers of Go and the kernel, so
// a replay does not repeat it. A fault that needs such a coincidence may take several
// replays to show itself again.
package torture
