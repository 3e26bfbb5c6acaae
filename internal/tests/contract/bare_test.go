package contract

import (
	"database/sql"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/go-chi/chi/v5"
)

// bareQuery reads the columns of the query of the cloud, by the same joins.
const bareQuery = `SELECT d.id, d.account_id, d.name, d.region_slug, d.size_slug, d.vcpus, d.memory_mb, d.disk_gb,
	d.image_json, d.status, d.vpc_uuid, d.features_json, d.tags_json, d.public_keys_json, d.created_at,
	a.address, a.forwards_json,
	EXISTS (SELECT 1 FROM saga_locks WHERE kind = 'droplet' AND lock_key = CAST(d.id AS TEXT))
	FROM droplets d LEFT JOIN addresses a ON a.droplet_id = d.id
	WHERE d.id = $1 AND d.account_id = $2 AND d.deleted_at IS NULL`

// bareGet returns a function that calls the smallest possible handler for a
// GET of the first droplet: a router, one prepared query, and the encoding of
// the same body, most of which is constant. It does not authenticate.
func bareGet(b *testing.B, c *benched) func() {
	b.Helper()
	d, err := c.Server.Droplets.Get(b.Context(), 1, 1)
	if err != nil {
		b.Fatal(err)
	}
	made, err := c.Server.Droplets.View(b.Context(), d)
	if err != nil {
		b.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+c.database)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	query, err := db.Prepare(bareQuery)
	if err != nil {
		b.Fatal(err)
	}
	router := chi.NewRouter()
	router.Get("/v2/droplets/{droplet}", func(w http.ResponseWriter, r *http.Request) {
		view := made
		var account, created int64
		var regionSlug, imageText, features, tags, keys, forwards string
		err := query.QueryRow(chi.URLParam(r, "droplet"), 1).Scan(&view.ID, &account, &view.Name, &regionSlug, &view.SizeSlug,
			&view.VCPUs, &view.Memory, &view.Disk, &imageText, &view.Status, &view.VPCUUID, &features, &tags, &keys, &created,
			&view.PublicIP, &forwards, &view.Locked)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(http.StatusOK)
		json.NewEncoder(w).Encode(map[string]any{"droplet": &view})
	})
	r := c.request("GET", "/v2/droplets/1", nil)
	answer := httptest.NewRecorder()
	router.ServeHTTP(answer, r)
	if want := c.Do("GET", "/v2/droplets/1", "").Text; answer.Body.String() != want {
		b.Fatalf("the bare handler answers %s, the cloud %s", answer.Body, want)
	}
	return calling(b, router, r)
}
