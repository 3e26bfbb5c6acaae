package domain

// View is a domain as the API shows it.
type View struct {
	ID           int64   `json:"id"`
	Name         string  `json:"name"`
	TTL          int     `json:"ttl"`
	ZoneFile     *string `json:"zone_file"` // null in the answer that tells of its creation, and where a list has too much of them
	BadZoneFile  *string `json:"bad_zone_file"`
	BadZoneError *string `json:"bad_zone_error"`
}

// View shows a domain with its zone file, which may be empty.
func (d Domain) View(zoneFile string) View {
	return View{ID: d.ID, Name: d.Name, TTL: d.TTL, ZoneFile: orNull(zoneFile), BadZoneFile: orNull(d.BadZoneFile), BadZoneError: orNull(d.BadZoneError)}
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// RecordView is a record as the API shows it.
type RecordView struct {
	ID       *int64  `json:"id"` // null if it is only planned
	Type     string  `json:"type"`
	Name     string  `json:"name"`
	Data     string  `json:"data"`
	Priority *int    `json:"priority"`
	Port     *int    `json:"port"`
	TTL      int     `json:"ttl"`
	Weight   *int    `json:"weight"`
	Flags    *int    `json:"flags"`
	Tag      *string `json:"tag"`
}

// View shows a record.
func (r Record) View() RecordView {
	v := RecordView{Type: r.Type, Name: r.Name, Data: r.Data, TTL: r.TTL,
		Priority: r.Priority, Port: r.Port, Weight: r.Weight, Flags: r.Flags, Tag: r.Tag}
	if r.ID > 0 {
		v.ID = &r.ID
	}
	return v
}

// recordDraft is a record as the API's early draft showed it.
type recordDraft struct {
	RecordView
	DraftType string `json:"type_"`
}

// Draft shows the record as the draft did.
func (v RecordView) Draft() any { return recordDraft{v, v.Type} }
