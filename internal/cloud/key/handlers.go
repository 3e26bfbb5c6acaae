package key

import (
	"context"
	_ "embed"
	"fmt"
	"net/http"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
	"github.com/rockpool-cloud/rockpool/internal/ground/list"
	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

//go:embed schema.json
var schema []byte

type handlers struct{ db *store.DB }

// Resource returns the resource key.
func Resource(db *store.DB) resource.Resource {
	h := handlers{db}
	return resource.Resource{Name: "key", Schema: schema, Handlers: map[string]resource.Handler{
		"GET /account/keys":          h.list,
		"POST /account/keys":         h.create,
		"GET /account/keys/{key}":    h.info,
		"PUT /account/keys/{key}":    h.update,
		"PATCH /account/keys/{key}":  h.update,
		"DELETE /account/keys/{key}": h.delete,
	}, Filters: list.FilterNames(table.Filters)}
}

func (h handlers) list(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	found, err := table.Read(ctx, h.db, r.List, `account_id = $1`, r.AccountID)
	if err != nil {
		return nil, err
	}
	return resource.Many("ssh_keys", found, func(k Key) Key { return k }), nil
}

func (h handlers) info(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	k, err := Find(ctx, h.db, r.AccountID, r.Path["key"])
	if err != nil {
		return nil, err
	}
	return resource.One(http.StatusOK, "ssh_key", k), nil
}

func (h handlers) create(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	var k Key
	if err := r.Bind(&k); err != nil {
		return nil, err
	}
	name, err := validName(k.Name)
	if err != nil {
		return nil, err
	}
	k = Key{Name: name, PublicKey: strings.TrimSpace(k.PublicKey)}
	if k.Fingerprint, err = Fingerprint(k.PublicKey); err != nil {
		return nil, err
	}
	return r.Write(ctx, h.db, func(tx *store.Tx) (*resource.Response, error) {
		if err := insert(ctx, tx, r.AccountID, &k); err != nil {
			return nil, err
		}
		response := resource.One(http.StatusCreated, "ssh_key", k)
		response.Location = fmt.Sprintf("/account/keys/%d", k.ID)
		return response, nil
	})
}

// maxName is the longest name of a key, in bytes.
const maxName = 255

func validName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return "", apierr.Invalid("name", "Name can't be blank")
	}
	if len(name) > maxName {
		return "", apierr.Invalid("name", "Name is too long, the maximum is %d bytes", maxName)
	}
	return name, nil
}

// update changes the name only, because the other attributes identify the key.
func (h handlers) update(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	var change struct{ Name *string }
	if err := r.Bind(&change); err != nil {
		return nil, err
	}
	return r.Write(ctx, h.db, func(tx *store.Tx) (*resource.Response, error) {
		k, err := Find(ctx, tx, r.AccountID, r.Path["key"])
		if err != nil {
			return nil, err
		}
		if change.Name != nil {
			if k.Name, err = validName(*change.Name); err != nil {
				return nil, err
			}
			if err := rename(ctx, tx, k.ID, k.Name); err != nil {
				return nil, err
			}
		}
		return resource.One(http.StatusOK, "ssh_key", k), nil
	})
}

func (h handlers) delete(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	return r.Write(ctx, h.db, func(tx *store.Tx) (*resource.Response, error) {
		k, err := Find(ctx, tx, r.AccountID, r.Path["key"])
		if err != nil {
			return nil, err
		}
		return resource.Deleted(k), remove(ctx, tx, k.ID)
	})
}
