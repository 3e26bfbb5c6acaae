package domain

import (
	"context"
	"net/http"

	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

func (s *Service) signingInfo(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	v, err := s.Signing(ctx, s.DB, r.AccountID, r.Path["domain"])
	if err != nil {
		return nil, err
	}
	return resource.One(http.StatusOK, "dnssec", v), nil
}

func (s *Service) signingStep(ctx context.Context, r *resource.Request) (*resource.Response, error) {
	var asked struct {
		Type Step `json:"type"`
	}
	if err := r.Bind(&asked); err != nil {
		return nil, err
	}
	return r.Write(ctx, s.DB, func(tx *store.Tx) (*resource.Response, error) {
		v, err := s.Sign(ctx, tx, r.AccountID, r.Path["domain"], asked.Type)
		if err != nil {
			return nil, err
		}
		return resource.One(http.StatusOK, "dnssec", v), nil
	})
}
