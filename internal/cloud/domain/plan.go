package domain

import (
	"context"
	"slices"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonedb"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/zonefile"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// Plan is the changes that an import would make.
type Plan struct {
	Name      string             `json:"name"`
	Valid     bool               `json:"valid"` // the import would succeed
	Create    int                `json:"create"`
	Update    int                `json:"update"`
	Delete    int                `json:"delete"`
	Unchanged int                `json:"unchanged"`
	Changes   []PlannedChange    `json:"changes"`
	Problems  []zonefile.Problem `json:"problems"`
}

// PlannedChange is one change that an import would make.
type PlannedChange struct {
	Action kind        `json:"action"`
	Line   *int        `json:"line"` // of the zone file, null if the change does not come from it
	Record *RecordView `json:"record"`
	Before *RecordView `json:"before"`
}

// PlanCreate returns the changes that Create would make, and makes none.
func (s *Service) PlanCreate(ctx context.Context, q store.Querier, accountID int64, c Create) (Plan, error) {
	p, err := s.prepareCreate(ctx, q, accountID, c)
	if err != nil {
		return Plan{}, err
	}
	return p.plan(ctx)
}

// PlanUpdate returns the changes that Update would make, and makes none.
func (s *Service) PlanUpdate(ctx context.Context, q store.Querier, accountID int64, idOrName string, c Change) (Plan, error) {
	d, err := zonedb.Find(ctx, q, accountID, idOrName)
	if err != nil {
		return Plan{}, err
	}
	p, err := s.prepareUpdate(ctx, q, d, c)
	if err != nil {
		return Plan{}, err
	}
	return p.plan(ctx)
}

// prepared is an edit and the operations to apply to it.
type prepared struct {
	*edit
	zoneImport
}

// plan applies the operations and returns the changes. The edit is not written.
func (p prepared) plan(ctx context.Context) (Plan, error) {
	faults, err := p.apply(ctx, p.operations)
	if err != nil {
		return Plan{}, err
	}
	p.add(faults)
	back, err := p.restorePTRs(ctx)
	if err != nil {
		return Plan{}, err
	}
	for _, r := range back {
		p.operations = append(p.operations, &operation{kind: kindCreate, ready: r})
	}
	plan := Plan{Name: p.domain.Name, Valid: p.err() == nil, Unchanged: p.unchanged,
		Changes: []PlannedChange{}, Problems: append([]zonefile.Problem{}, p.problems...)}
	for _, o := range p.operations {
		plan.add(o)
	}
	slices.SortStableFunc(plan.Problems, zonefile.Problem.Compare)
	return plan, nil
}

func (p *Plan) add(o *operation) {
	change := PlannedChange{Action: o.kind}
	if o.line > 0 {
		change.Line = &o.line
	}
	if o.ready != nil {
		v := recordView(*o.ready)
		change.Record = &v
	}
	if o.before != nil {
		v := recordView(*o.before)
		change.Before = &v
		if o.kind == kindUpdate {
			change.Record.ID = v.ID
		}
	}
	switch o.kind {
	case kindCreate:
		p.Create++
	case kindUpdate:
		p.Update++
	case kindDelete:
		p.Delete++
	}
	p.Changes = append(p.Changes, change)
}
