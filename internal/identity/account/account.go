// Package account has the accounts, which own the resources of the cloud.
package account

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

//go:embed schema.json
var schema []byte

// Limits are the limits of one account.
type Limits struct {
	Droplets int
}

// View is an account as the API shows it.
type View struct {
	DropletLimit    int    `json:"droplet_limit"`
	FloatingIPLimit int    `json:"floating_ip_limit"`
	ReservedIPLimit int    `json:"reserved_ip_limit"`
	VolumeLimit     int    `json:"volume_limit"`
	Name            string `json:"name"`
	Email           string `json:"email"`
	UUID            string `json:"uuid"`
	EmailVerified   bool   `json:"email_verified"`
	Status          string `json:"status"`
	StatusMessage   string `json:"status_message"`
}

// First returns the id of the first account. It creates one if there is none.
func First(ctx context.Context, tx *store.Tx) (id int64, err error) {
	err = tx.QueryRow(ctx, `SELECT id FROM accounts ORDER BY id LIMIT 1`).Scan(&id)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	return tx.Insert(ctx, `INSERT INTO accounts (uuid, email, name, status, created_at)
		VALUES ($1, 'operator@rockpool.invalid', 'Rockpool', 'active', $2) RETURNING id`,
		uuid.NewString(), store.Micros(tx.Now()))
}

// Resource returns the resource account.
func Resource(db *store.DB, limits Limits) resource.Resource {
	return resource.Resource{Name: "account", Schema: schema, Handlers: map[string]resource.Handler{
		"GET /account": func(ctx context.Context, r *resource.Request) (*resource.Response, error) {
			v := View{DropletLimit: limits.Droplets, EmailVerified: true}
			err := db.QueryRow(ctx, `SELECT name, email, uuid, status FROM accounts WHERE id = $1`, r.AccountID).
				Scan(&v.Name, &v.Email, &v.UUID, &v.Status)
			if err != nil {
				return nil, fmt.Errorf("read account: %w", err)
			}
			return resource.One(http.StatusOK, "account", v), nil
		},
	}}
}
