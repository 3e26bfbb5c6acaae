// Package torture attacks the real program while clients use it, and then keeps
// the books: what the clients were told against what is there.
//
// A round is one cloud of its own. Clients create, change and delete droplets
// over HTTP, with idempotency keys and without. Meanwhile attacks strike: the
// program is killed, machines are killed or frozen, the database is looked at,
// the disk fills up, PostgreSQL dies, the host restarts. In the end the program
// is killed once more, started, and judged; then every droplet is deleted, and
// nothing may be left.
//
// A round has a seed. The same seed gives every client the same throws of its
// dice in the same order, and the same attacks at the same counts of
// acknowledged requests with the same short delays. Which request is under way
// at the moment of a strike is up to the schedulers of Go and the kernel: that
// is not replayed. A fault that needs such a coincidence may take several
// replays to show itself again.
package torture
