package domain

import (
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
)

// View is the API's view of a domain.
type View struct {
	ID           int64   `json:"id"`
	Name         string  `json:"name"`
	TTL          int     `json:"ttl"`
	ZoneFile     *string `json:"zone_file"` // null in the response to a create, and in a list whose zone files are too large
	BadZoneFile  *string `json:"bad_zone_file"`
	BadZoneError *string `json:"bad_zone_error"`
}

// view returns the view of a domain with its zone file; an empty one is null.
func view(d zonedb.Domain, zoneFile string) View {
	return View{ID: d.ID, Name: d.Name, TTL: d.TTL, ZoneFile: orNull(zoneFile), BadZoneFile: orNull(d.BadZoneFile), BadZoneError: orNull(d.BadZoneError)}
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// RecordView is the API's view of a record.
type RecordView struct {
	ID       *int64  `json:"id"` // null in a dry run, before the record exists
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

// recordView returns the view of a record.
func recordView(r record.Record) RecordView {
	v := RecordView{Type: r.Type, Name: r.Name, Data: r.Data, TTL: r.TTL,
		Priority: r.Priority, Port: r.Port, Weight: r.Weight, Flags: r.Flags, Tag: r.Tag}
	if r.ID > 0 {
		v.ID = &r.ID
	}
	return v
}

// recordDraft is the view of a record in the API's early draft.
type recordDraft struct {
	RecordView
	DraftType string `json:"type_"`
}

// Draft returns the view in the early draft.
func (v RecordView) Draft() any { return recordDraft{v, v.Type} }
