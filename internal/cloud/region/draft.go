package region

// Draft is a region in the form of the API's early draft.
type Draft struct {
	Slug      string   `json:"slug"`
	Name      string   `json:"name"`
	Sizes     []string `json:"sizes"`
	Available bool     `json:"available"`
}

// Draft returns the region in the form of the early draft.
func (v View) Draft() any {
	return Draft{Slug: v.Slug, Name: v.Name, Sizes: v.Sizes, Available: v.Available}
}
