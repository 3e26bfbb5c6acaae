package schema

import (
	"encoding/json"
	"maps"
)

// Document is the whole hyper-schema as JSON, for an API at that URL.
func (s *Schema) Document(apiURL string) ([]byte, error) {
	doc := maps.Clone(s.doc)
	doc["links"] = []any{map[string]string{"href": apiURL, "rel": "self"}}
	return json.Marshal(doc)
}
