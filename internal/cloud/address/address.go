// Package address assigns public addresses and forwarded ports to droplets.
package address

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// Assignment is a droplet's public address and the ports that are forwarded from it.
type Assignment struct {
	Address  netip.Addr
	Forwards []compute.Forward
}

// Pool assigns the addresses of a prefix.
type Pool struct {
	prefix netip.Prefix
	ports  []int
	usable func(netip.AddrPort) bool

	netmask, gateway string // as text, for every view of every droplet

	// probing is held while the host is asked which ports can be bound: two probes
	// of one port at the same time would each find it taken.
	probing sync.Mutex
}

// NewPool returns a pool of the addresses in prefix, which is a /24 or larger. The ports
// are forwarded from each address. usable reports whether a port can be bound at an
// address of the host now.
func NewPool(prefix netip.Prefix, ports []int, usable func(netip.AddrPort) bool) *Pool {
	p := &Pool{prefix: prefix.Masked(), ports: ports, usable: usable}
	p.netmask, p.gateway = net.IP(net.CIDRMask(prefix.Bits(), 32)).String(), p.Gateway().String()
	return p
}

// Usable reports whether a TCP listener can be bound there.
func Usable(at netip.AddrPort) bool {
	listener, err := net.Listen("tcp", at.String())
	if err != nil {
		return false
	}
	listener.Close()
	return true
}

// Prefix of the addresses.
func (p *Pool) Prefix() netip.Prefix { return p.prefix }

// Size returns how many droplets can have an address. The prefix's first address, its
// last, and the gateway's are not assigned.
func (p *Pool) Size() int64 { return int64(1)<<(32-p.prefix.Bits()) - 3 }

// Gateway returns the address after the prefix's first. It is not assigned.
func (p *Pool) Gateway() netip.Addr { return p.host(1) }

// Netmask returns the prefix's length as a mask, such as 255.255.0.0.
func (p *Pool) Netmask() string { return p.netmask }

// GatewayText returns the gateway as text.
func (p *Pool) GatewayText() string { return p.gateway }

// ErrTaken means that the address is assigned to another droplet.
var ErrTaken = errors.New("the address is another droplet's")

// Find returns a free address for the droplet, or the one that it has. It asks the host
// which ports can be bound, so it must not be called in a transaction. Assign writes its
// result in one.
//
// The search begins at the address that follows from the droplet's id, not at the lowest
// free one: SSH clients remember the host key of the machine that had an address before.
// Find skips an address if another process, such as another cloud on this host, has bound
// one of the ports there. Otherwise clients would reach the wrong machine. If no address
// has all ports free, Find returns the first unassigned one with other ports.
func (p *Pool) Find(ctx context.Context, q store.Querier, dropletID int64) (Assignment, error) {
	a, ok, err := Of(ctx, q, dropletID)
	if err != nil || ok {
		return a, err
	}
	p.probing.Lock()
	defer p.probing.Unlock()
	hosts := p.Size()
	ports := p.Ports()
	var first netip.Addr
	for tries := range hosts {
		addr := p.host(2 + (dropletID-1+tries)%hosts)
		taken, err := isTaken(ctx, q, addr)
		switch {
		case err != nil:
			return Assignment{}, err
		case taken:
		case p.free(addr, ports):
			return Assignment{Address: addr, Forwards: ports}, nil
		case !first.IsValid():
			first = addr
		}
	}
	if !first.IsValid() {
		return Assignment{}, fmt.Errorf("no address of %s is free", p.prefix)
	}
	return Assignment{Address: first, Forwards: forwards(p.ports, func(port int) bool {
		return p.usable(netip.AddrPortFrom(first, uint16(port)))
	})}, nil
}

func isTaken(ctx context.Context, q store.Querier, addr netip.Addr) (taken bool, err error) {
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM addresses WHERE address = $1)`, addr.String()).Scan(&taken)
	return taken, err
}

// Assign assigns the address that Find returned to the droplet. It returns the droplet's
// address, which is another one if the droplet had one before. It fails with ErrTaken if
// the address was assigned to another droplet since Find.
func Assign(ctx context.Context, tx *store.Tx, dropletID int64, found Assignment) (Assignment, error) {
	if a, ok, err := Of(ctx, tx, dropletID); err != nil || ok {
		return a, err
	}
	taken, err := isTaken(ctx, tx, found.Address)
	if err != nil {
		return Assignment{}, err
	}
	if taken {
		return Assignment{}, ErrTaken
	}
	forwards, err := json.Marshal(found.Forwards)
	if err != nil {
		return Assignment{}, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO addresses (address, droplet_id, forwards_json) VALUES ($1, $2, $3)`,
		found.Address.String(), dropletID, string(forwards))
	return found, err
}

// free reports whether all those ports can be bound at the address now.
func (p *Pool) free(addr netip.Addr, ports []compute.Forward) bool {
	for _, f := range ports {
		if !p.usable(netip.AddrPortFrom(addr, uint16(f.HostPort))) {
			return false
		}
	}
	return true
}

// Renew returns the droplet's address with the forwards that a machine about to start
// should have: those of the pool's ports, at host ports that can be bound now. It asks
// the host, so it must not be called in a transaction. SetForwards writes its result.
// changed is false also for a droplet without an address.
func (p *Pool) Renew(ctx context.Context, q store.Querier, dropletID int64) (a Assignment, changed bool, err error) {
	a, ok, err := Of(ctx, q, dropletID)
	if err != nil || !ok {
		return a, false, err
	}
	p.probing.Lock()
	defer p.probing.Unlock()
	now := p.renewed(a.Address, a.Forwards)
	changed = !slices.Equal(now, a.Forwards)
	a.Forwards = now
	return a, changed, nil
}

// SetForwards writes the forwards of the droplet's address.
func SetForwards(ctx context.Context, tx *store.Tx, dropletID int64, all []compute.Forward) error {
	forwards, err := json.Marshal(all)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE addresses SET forwards_json = $1 WHERE droplet_id = $2`, string(forwards), dropletID)
	return err
}

func (p *Pool) host(n int64) netip.Addr {
	b := p.prefix.Addr().As4()
	for i := 3; i >= 0; i-- {
		n += int64(b[i])
		b[i], n = byte(n), n>>8
	}
	return netip.AddrFrom4(b)
}

// Outside counts the assigned addresses that are not in the pool's prefix. They are left
// from an earlier prefix.
func (p *Pool) Outside(ctx context.Context, q store.Querier) (n int64, err error) {
	rows, err := q.Query(ctx, `SELECT address FROM addresses`)
	all, err := store.Collect(rows, err, func(row store.Scanner) (addr string, err error) { return addr, row.Scan(&addr) })
	for _, text := range all {
		if addr, err := netip.ParseAddr(text); err != nil || !p.prefix.Contains(addr) {
			n++
		}
	}
	return n, err
}

// Release removes the droplet's assignment, if it has one.
func Release(ctx context.Context, tx *store.Tx, dropletID int64) error {
	_, err := tx.Exec(ctx, `DELETE FROM addresses WHERE droplet_id = $1`, dropletID)
	return err
}

// Of returns the droplet's assignment. ok is false if it has none.
func Of(ctx context.Context, q store.Querier, dropletID int64) (a Assignment, ok bool, err error) {
	var addr, forwards string
	err = q.QueryRow(ctx, `SELECT address, forwards_json FROM addresses WHERE droplet_id = $1`, dropletID).Scan(&addr, &forwards)
	if errors.Is(err, sql.ErrNoRows) {
		return Assignment{}, false, nil
	}
	if err != nil {
		return Assignment{}, false, err
	}
	a, err = Parse(addr, forwards)
	return a, err == nil, err
}

// Columns are the columns of addresses for Parse, for queries with Join. They are null
// for a droplet without an address.
const Columns = `addresses.address, addresses.forwards_json`

// Join returns the join that adds Columns to a query. idColumn is the query's column with
// the droplet's id.
func Join(idColumn string) string {
	return ` LEFT JOIN addresses ON addresses.droplet_id = ` + idColumn
}

// Parse reads an assignment from its columns.
func Parse(addr, forwards string) (a Assignment, err error) {
	if a.Address, err = netip.ParseAddr(addr); err != nil {
		return a, err
	}
	a.Forwards, err = parseForwards(forwards)
	return a, err
}

// parsed is a text of forwards with what it means.
type parsed struct {
	text  string
	value []compute.Forward
}

// lastParsed saves decoding: nearly all addresses of a cloud have the same
// forwards.
var lastParsed atomic.Pointer[parsed]

func parseForwards(text string) ([]compute.Forward, error) {
	if last := lastParsed.Load(); last != nil && last.text == text {
		return slices.Clone(last.value), nil
	}
	var value []compute.Forward
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return nil, err
	}
	lastParsed.Store(&parsed{text, slices.Clone(value)})
	return value, nil
}
