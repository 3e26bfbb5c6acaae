package image

// Draft is an image as the API's early draft showed it.
type Draft struct {
	ID           int64   `json:"id"`
	Slug         *string `json:"slug"`
	Name         string  `json:"name"`
	Distribution string  `json:"distribution"`
	Public       bool    `json:"public"`
}

// Draft returns the view in the form of the API's early draft.
func (v View) Draft() any {
	return Draft{ID: v.ID, Slug: v.Slug, Name: v.Name, Distribution: v.Distribution, Public: v.Public}
}
