package rockpooltest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/digitalocean/godo"
	"golang.org/x/oauth2"
)

// Patience is how long one action may take on a busy machine, the boot of a micro
// machine included.
const Patience = 60 * time.Second

// Client returns godo's client of the API, without its retries.
func (s *Server) Client() *godo.Client {
	s.tb.Helper()
	token := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: s.Token})
	httpClient := oauth2.NewClient(context.Background(), token)
	httpClient.Timeout = Patience
	client, err := godo.New(httpClient, godo.SetBaseURL(s.URL))
	if err != nil {
		s.tb.Fatal(err)
	}
	return client
}

// Get requests a path below /v2 and decodes the answer into body.
func (s *Server) Get(path string, body any) error {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	client := s.Client()
	request, err := client.NewRequest(ctx, http.MethodGet, "v2/"+path, nil)
	if err != nil {
		return err
	}
	_, err = client.Do(ctx, request, body)
	return err
}

// Await calls done until it returns nil. After limit it fails the test, with the
// last error.
func (s *Server) Await(limit time.Duration, what string, done func() error) {
	s.tb.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	end := time.Now().Add(limit)
	for {
		err := done()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			s.tb.Fatalf("waited %v for %s: %v", limit, what, err)
		}
		<-tick.C
	}
}

// Action is godo's Action with the fields that Rockpool adds.
type Action struct {
	godo.Action
	Error string `json:"error"`
}

// Actions returns the latest actions.
func (s *Server) Actions() ([]Action, error) { return s.ActionsPage(1) }

// ActionsPage returns a page of up to 200 actions, the latest first. The first
// page is 1.
func (s *Server) ActionsPage(page int) ([]Action, error) {
	var body struct{ Actions []Action }
	err := s.Get(fmt.Sprintf("actions?per_page=200&page=%d", page), &body)
	return body.Actions, err
}

// Action returns the current state of an action.
func (s *Server) Action(id int) Action {
	s.tb.Helper()
	var body struct{ Action Action }
	if err := s.Get(fmt.Sprintf("actions/%d", id), &body); err != nil {
		s.tb.Fatal(err)
	}
	return body.Action
}

var errUnfinished = errors.New("it is in progress")

// Ended waits until the action is terminal and returns it.
func (s *Server) Ended(id int, limit time.Duration) (a Action) {
	s.tb.Helper()
	s.Await(limit, fmt.Sprintf("the end of action %d", id), func() error {
		if a = s.Action(id); a.Status == "in-progress" {
			return errUnfinished
		}
		return nil
	})
	return a
}

// Completed waits for the action and fails the test if it errored.
func (s *Server) Completed(id int, limit time.Duration) {
	s.tb.Helper()
	if a := s.Ended(id, limit); a.Status != "completed" {
		s.tb.Fatalf("action %d, %s, ended %s: %s", id, a.Type, a.Status, a.Error)
	}
}

// Idle returns an error if an action is in progress.
func (s *Server) Idle() error {
	actions, err := s.Actions()
	for _, a := range actions {
		if a.Status == "in-progress" {
			return fmt.Errorf("%s of droplet %d: %w", a.Type, a.ResourceID, errUnfinished)
		}
	}
	return err
}
