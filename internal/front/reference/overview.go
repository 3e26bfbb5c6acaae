package reference

import (
	"net/http"
	"strings"
)

const authorization = `-H "Authorization: Bearer $DIGITALOCEAN_ACCESS_TOKEN"`

// overview are the samples of the overview, which are not about one link.
var overview = map[string]sample{
	"Bearer":  command("", http.StatusOK, `curl "$DIGITALOCEAN_API_URL/v2/account"`, authorization),
	"Basic":   command("", http.StatusOK, `curl -u "$DIGITALOCEAN_ACCESS_TOKEN:x" "$DIGITALOCEAN_API_URL/v2/account"`),
	"Query":   command("", http.StatusOK, `curl "$DIGITALOCEAN_API_URL/v2/account?access_token=$DIGITALOCEAN_ACCESS_TOKEN"`),
	"Schema":  command("", http.StatusOK, `curl "$DIGITALOCEAN_API_URL/v2/schema"`),
	"OpenAPI": command("", http.StatusOK, `curl "$DIGITALOCEAN_API_URL/v2/openapi.json"`),
	"Error":   command("", http.StatusNotFound, `curl -i "$DIGITALOCEAN_API_URL/v2/images/beos"`, authorization),
	"Override": command(aKey, http.StatusOK, `curl -X POST "$DIGITALOCEAN_API_URL/v2/account/keys/$KEY_ID"`, authorization,
		`-H "X-Http-Method-Override: PATCH"`, `-d "name=laptop"`),
	"JSON": command(aKey, http.StatusOK, `curl -X PATCH "$DIGITALOCEAN_API_URL/v2/account/keys/$KEY_ID"`, authorization,
		`-H "Content-Type: application/json"`, `-d '{"name":"laptop"}'`),
	"Form":      command(aKey, http.StatusOK, `curl -X PATCH "$DIGITALOCEAN_API_URL/v2/account/keys/$KEY_ID"`, authorization, `-d "name=laptop"`),
	"Multipart": command(aKey, http.StatusOK, `curl -X PATCH "$DIGITALOCEAN_API_URL/v2/account/keys/$KEY_ID"`, authorization, `-F "name=laptop"`),
	"Range":     command("", http.StatusPartialContent, `curl -i "$DIGITALOCEAN_API_URL/v2/regions"`, authorization, `-H "Range: slug ..; max=3"`),
	"Pages":     command("", http.StatusOK, `curl "$DIGITALOCEAN_API_URL/v2/regions?page=2&per_page=3"`, authorization),
	"Draft": command("", http.StatusOK, `curl "$DIGITALOCEAN_API_URL/v2/sizes"`, authorization,
		`-H "Accept: application/vnd.digitalocean.draft+json"`),
	"Idempotency": command("", http.StatusAccepted, `curl -X POST "$DIGITALOCEAN_API_URL/v2/droplets"`, authorization,
		`-H "Idempotency-Key: web-2 of Monday"`, `-H "Content-Type: application/json"`,
		`-d '{"name":"web-2","size":"s-1vcpu-1gb","image":"micro"}'`),
}

// aKey sets the variable for the id of an SSH key of the reader's.
const aKey = "KEY_ID=512189\n"

func command(given string, status int, parts ...string) sample {
	return sample{Given: given, Command: strings.Join(parts, continued), Status: status}
}
