// Package address gives droplets their public addresses.
package address

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/rockpool-cloud/rockpool/internal/compute"
	"github.com/rockpool-cloud/rockpool/internal/store"
)

// Assignment is a droplet's public address and what reaches the guest there.
type Assignment struct {
	Address  netip.Addr
	Forwards []compute.Forward
}

// Pool is the addresses that droplets can have.
type Pool struct {
	prefix netip.Prefix
	ports  []int
	usable func(netip.AddrPort) bool
}

// NewPool returns a pool of the addresses in prefix, at least a /24. Each of
// the ports is forwarded from the same port of the address, or from another
// one where usable denies it.
func NewPool(prefix netip.Prefix, ports []int, usable func(netip.AddrPort) bool) *Pool {
	return &Pool{prefix: prefix.Masked(), ports: ports, usable: usable}
}

// Usable reports whether a TCP listener can be bound there: low ports may be
// for root only, and a server that listens on all addresses takes its port on
// each of them.
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

// Gateway is the first address of the prefix; no droplet has it.
func (p *Pool) Gateway() netip.Addr { return p.host(1) }

// Assign gives the droplet an address, or returns the one that it has.
// Addresses are given in turn, not the lowest free one first: an SSH client
// remembers the key of the machine that had the address before.
func (p *Pool) Assign(ctx context.Context, tx *store.Tx, dropletID int64) (Assignment, error) {
	a, ok, err := Of(ctx, tx, dropletID)
	if err != nil || ok {
		return a, err
	}
	addr, err := p.next(ctx, tx, dropletID)
	if err != nil {
		return Assignment{}, err
	}
	a = Assignment{Address: addr, Forwards: p.forwards(addr)}
	forwards, err := json.Marshal(a.Forwards)
	if err != nil {
		return Assignment{}, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO addresses (address, droplet_id, forwards_json) VALUES ($1, $2, $3)`,
		addr.String(), dropletID, string(forwards))
	return a, err
}

// next searches the pool from a place that moves on with the droplets' ids.
func (p *Pool) next(ctx context.Context, tx *store.Tx, dropletID int64) (netip.Addr, error) {
	// Without the prefix's first and last address, and without the gateway.
	hosts := int64(1)<<(32-p.prefix.Bits()) - 3
	for tries := range hosts {
		addr := p.host(2 + (dropletID-1+tries)%hosts)
		var taken int
		err := tx.QueryRow(ctx, `SELECT count(*) FROM addresses WHERE address = $1`, addr.String()).Scan(&taken)
		if err != nil {
			return netip.Addr{}, err
		}
		if taken == 0 {
			return addr, nil
		}
	}
	return netip.Addr{}, fmt.Errorf("no address of %s is free", p.prefix)
}

func (p *Pool) host(n int64) netip.Addr {
	b := p.prefix.Addr().As4()
	for i := 3; i >= 0; i-- {
		n += int64(b[i])
		b[i], n = byte(n), n>>8
	}
	return netip.AddrFrom4(b)
}

func (p *Pool) forwards(addr netip.Addr) []compute.Forward {
	forwards, taken := []compute.Forward{}, map[int]bool{}
	free := func(port int) bool {
		return !taken[port] && p.usable(netip.AddrPortFrom(addr, uint16(port)))
	}
	for _, port := range p.ports {
		host := port
		if !free(host) {
			// If none is free, the first is as wrong as any; QEMU will say so.
			host = alternative(port)
			for tries := 0; !free(host) && tries < maxTries && host < 1<<16-1; tries++ {
				host++
			}
		}
		taken[host] = true
		forwards = append(forwards, compute.Forward{HostPort: host, GuestPort: port})
	}
	return forwards
}

// maxTries is how many ports are tried in place of one that can't be had.
const maxTries = 50

// alternative is the port that people expect in place of one that can't be
// had: 2222 for 22, 8080 for 80, 8443 for 443.
func alternative(port int) int {
	if port == 22 {
		return 2222
	}
	if high := port + 8000; high < 1<<16 {
		return high
	}
	return port - 8000
}

// Release takes the droplet's address back, if it has one.
func Release(ctx context.Context, tx *store.Tx, dropletID int64) error {
	_, err := tx.Exec(ctx, `DELETE FROM addresses WHERE droplet_id = $1`, dropletID)
	return err
}

// Of returns the droplet's address, if it has one.
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

// Parse reads an assignment from its columns, for queries that join them.
func Parse(addr, forwards string) (a Assignment, err error) {
	if a.Address, err = netip.ParseAddr(addr); err != nil {
		return a, err
	}
	return a, json.Unmarshal([]byte(forwards), &a.Forwards)
}
