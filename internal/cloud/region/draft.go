package region

// Draft is a region as the API's early draft showed it.
type Draft struct {
	Slug      string   `json:"slug"`
	Name      string   `json:"name"`
	Sizes     []string `json:"sizes"`
	Available bool     `json:"available"`
}

// Draft shows the region as the draft did.
func (v View) Draft() any {
	return Draft{Slug: v.Slug, Name: v.Name, Sizes: v.Sizes, Available: v.Available}
}
