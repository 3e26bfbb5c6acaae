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
	"slices"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
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

// NewPool returns a pool of the addresses in prefix, at least a /24. The ports
// are forwarded from each address; usable reports whether the host lets a port
// be bound there now.
func NewPool(prefix netip.Prefix, ports []int, usable func(netip.AddrPort) bool) *Pool {
	return &Pool{prefix: prefix.Masked(), ports: ports, usable: usable}
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

// Size is how many droplets can have an address: the prefix's first and last
// one, and the gateway's, are nobody's.
func (p *Pool) Size() int64 { return int64(1)<<(32-p.prefix.Bits()) - 3 }

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
	if a, err = p.next(ctx, tx, dropletID); err != nil {
		return Assignment{}, err
	}
	forwards, err := json.Marshal(a.Forwards)
	if err != nil {
		return Assignment{}, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO addresses (address, droplet_id, forwards_json) VALUES ($1, $2, $3)`,
		a.Address.String(), dropletID, string(forwards))
	return a, err
}

// next searches the pool from a place that moves on with the droplets' ids. It
// passes over an address with a port that somebody else has, another cloud on
// this host for instance: who connects there must not reach the wrong machine.
// Only if all are like that it takes the first, with other ports.
func (p *Pool) next(ctx context.Context, tx *store.Tx, dropletID int64) (Assignment, error) {
	// Without the prefix's first and last address, and without the gateway.
	hosts := p.Size()
	ports := p.Ports()
	var last netip.Addr
	for tries := range hosts {
		addr := p.host(2 + (dropletID-1+tries)%hosts)
		var taken int
		err := tx.QueryRow(ctx, `SELECT count(*) FROM addresses WHERE address = $1`, addr.String()).Scan(&taken)
		if err != nil {
			return Assignment{}, err
		}
		switch {
		case taken > 0:
		case p.free(addr, ports):
			return Assignment{Address: addr, Forwards: ports}, nil
		case !last.IsValid():
			last = addr
		}
	}
	if !last.IsValid() {
		return Assignment{}, fmt.Errorf("no address of %s is free", p.prefix)
	}
	return Assignment{Address: last, Forwards: forwards(p.ports, func(port int) bool {
		return p.usable(netip.AddrPortFrom(last, uint16(port)))
	})}, nil
}

// free reports whether all those ports can be bound at the address.
func (p *Pool) free(addr netip.Addr, ports []compute.Forward) bool {
	for _, f := range ports {
		if !p.usable(netip.AddrPortFrom(addr, uint16(f.HostPort))) {
			return false
		}
	}
	return true
}

// Renew brings the droplet's forwards in line with the pool's ports and with
// what the host lets it bind now. It is for a machine that is about to start:
// one that runs goes on with what it had. changed is false also for a droplet
// without an address.
func (p *Pool) Renew(ctx context.Context, tx *store.Tx, dropletID int64) (a Assignment, changed bool, err error) {
	a, ok, err := Of(ctx, tx, dropletID)
	if err != nil || !ok {
		return a, false, err
	}
	now := p.renewed(a.Address, a.Forwards)
	if slices.Equal(now, a.Forwards) {
		return a, false, nil
	}
	a.Forwards = now
	forwards, err := json.Marshal(now)
	if err != nil {
		return Assignment{}, false, err
	}
	_, err = tx.Exec(ctx, `UPDATE addresses SET forwards_json = $1 WHERE droplet_id = $2`, string(forwards), dropletID)
	return a, err == nil, err
}

func (p *Pool) host(n int64) netip.Addr {
	b := p.prefix.Addr().As4()
	for i := 3; i >= 0; i-- {
		n += int64(b[i])
		b[i], n = byte(n), n>>8
	}
	return netip.AddrFrom4(b)
}

// Outside counts the addresses that droplets have and that are not of the pool:
// it had another prefix before.
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
