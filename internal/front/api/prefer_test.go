package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/resource"
)

func TestWait(t *testing.T) {
	for _, test := range []struct {
		prefer []string
		pragma string
		want   time.Duration
	}{
		{[]string{"wait=10"}, "", 10 * time.Second},
		{[]string{"Wait = 10 ; a=b"}, "", 10 * time.Second},
		{[]string{`wait="10"`}, "", 10 * time.Second},
		{[]string{"respond-async, wait=7, wait=8"}, "", 7 * time.Second},
		{[]string{"respond-async", "wait=7"}, "", 7 * time.Second},
		{[]string{"wait=60"}, "", time.Minute},
		{[]string{"wait=61"}, "", time.Minute},
		{[]string{"wait=99999999999999999999999"}, "", time.Minute},
		{[]string{"wait=-1"}, "", 0},
		{[]string{"wait=1.5"}, "", 0},
		{[]string{"wait=soon"}, "", 0},
		{[]string{"wait"}, "", 0},
		{[]string{"waiting=5"}, "", 0},
		{[]string{""}, "", 0},
		{nil, "", 0},
		{nil, "event-wait", time.Minute},
		{nil, "no-cache, Event-Wait", time.Minute},
		{nil, "event-waits", 0},
		{[]string{"wait=5"}, "event-wait", 5 * time.Second},
		{[]string{"wait=0"}, "event-wait", 0},
		{[]string{"wait=soon"}, "event-wait", time.Minute},
	} {
		r := &http.Request{Header: http.Header{"Prefer": test.prefer, "Pragma": {test.pragma}}}
		if got := wait(r); got != test.want {
			t.Errorf("Prefer %q, Pragma %q: %v, want %v", test.prefer, test.pragma, got, test.want)
		}
	}
}

func TestTheFinalAnswerIsWaitedForWithinTheLimit(t *testing.T) {
	for name, test := range map[string]struct {
		ends  time.Duration // when the action does
		goes  time.Duration // when the client does
		after time.Duration // when it is answered
		want  int
	}{
		"the action ends":        {3 * time.Second, time.Hour, 3 * time.Second, 201},
		"it takes longer":        {time.Hour, time.Hour, 10 * time.Second, 202},
		"the client goes before": {time.Hour, time.Second, time.Second, 202},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), test.goes)
				defer cancel()
				c := &call{
					server: &server{Config: Config{Log: slog.New(slog.DiscardHandler)}}, request: &resource.Request{Wait: 10 * time.Second},
					answer: &answer{status: 202, header: http.Header{}},
				}
				response := &resource.Response{Final: func(ctx context.Context) (*resource.Response, error) {
					select {
					case <-time.After(test.ends):
						return &resource.Response{Status: 201}, nil
					case <-ctx.Done():
						return nil, errors.New("not yet")
					}
				}}
				began := time.Now()
				a := c.final(ctx, response)
				if took := time.Since(began); took != test.after || a.status != test.want || a.header.Get("Preference-Applied") != "wait=10" {
					t.Errorf("%d %v after %v", a.status, a.header, took)
				}
				if len(c.answer.header) != 0 {
					t.Errorf("the first answer is changed: %v", c.answer.header)
				}
			})
		})
	}
}

func TestTakesGzip(t *testing.T) {
	const large, small = worthCompressing, worthCompressing - 1
	for _, test := range []struct {
		accept       []string
		large, small bool
	}{
		{nil, false, false},
		{[]string{""}, false, false},
		{[]string{"gzip"}, true, false},
		{[]string{"x-gzip"}, true, false},
		{[]string{"br", "GZip ; q=0.1"}, true, false},
		{[]string{"gzip;q=0"}, false, false},
		{[]string{"gzip;q=0.000"}, false, false},
		{[]string{"gzip;q=x"}, false, false},
		{[]string{"gzip;q=0, *"}, false, false},
		{[]string{"*"}, true, false},
		{[]string{"*;q=0"}, false, false},
		{[]string{"gzip, *;q=0"}, true, true},
		{[]string{"gzip, identity;q=0"}, true, true},
		{[]string{"identity;q=0"}, false, false},
		{[]string{"identity;q=0, *;q=0.1"}, true, true},
		{[]string{"gzip;q=0.5, identity"}, false, false},
		{[]string{"gzip, identity;q=0.5"}, true, false},
		{[]string{"gzip;q=NaN"}, false, false},
		{[]string{"gzipped"}, false, false},
	} {
		if l, s := takesGzip(test.accept, large), takesGzip(test.accept, small); l != test.large || s != test.small {
			t.Errorf("%q: %v of a large body, %v of a small one", test.accept, l, s)
		}
	}
}
