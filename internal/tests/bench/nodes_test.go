package bench

import (
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
	"github.com/rockpool-cloud/rockpool/internal/tests/rockpooltest"
)

const (
	nodes       = 2 // additional name servers
	nodeChanges = 200
	nodesTick   = 5 * time.Millisecond // between queries
)

// BenchmarkNodes changes records through the API of a cloud on PostgreSQL. It
// queries other name servers on the same database until they answer with the
// change.
func BenchmarkNodes(b *testing.B) {
	database := storetest.PostgresIn(b, b.TempDir())
	w := newChangedWorld(b, "--database", database)
	var others []*asker
	for range nodes {
		s := &nameServer{name: "rockpool nameserver", port: freePort(b)}
		s.start(b, exec.Command(rockpooltest.Binary, "nameserver", "--database", database, "--dns", s.address()))
		s.await(b, changedDomain(changedDomains-1)+".")
		others = append(others, &asker{address: s.address()})
	}
	defer func() {
		for _, a := range others {
			a.close()
		}
	}()
	var took samples
	for i := range nodeChanges {
		domain := changedDomain(i % changedDomains)
		data := net.IPv4(198, 51, 100, byte(i)).String()
		w.mustCall(b, http.MethodPost, "/domains/"+domain+"/records", fmt.Sprintf(`{"type": "A", "name": "node", "data": %q}`, data))
		began := time.Now()
		for _, a := range others {
			for !a.has(b, "node."+domain+".") {
				time.Sleep(nodesTick)
			}
		}
		took = append(took, milliseconds(time.Since(began)))
	}
	record(b, "nodes: from a change's answer until "+strconv.Itoa(nodes)+" other nodes answer with it, median", took, took.median(), "ms", 0)
	record(b, "nodes: the slowest of them", took, took.quantile(1), "ms", 1000)
}

// has reports whether a name has an address.
func (a *asker) has(b *testing.B, name string) bool {
	b.Helper()
	answer, err := a.ask(name)
	if err != nil {
		b.Fatal(err)
	}
	return len(answer.Answer) == 1
}
