package domain_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/miekg/dns"

	"github.com/rockpool-cloud/rockpool/internal/cloud/domain"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/domaintest"
	"github.com/rockpool-cloud/rockpool/internal/cloud/domain/record"
	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/ground/store/storetest"
	"github.com/rockpool-cloud/rockpool/internal/naming/dnssec"
)

func (w *world) tryStep(name string, step domain.Step) (domain.SigningView, error) {
	return domaintest.Try(w.DB, func(ctx context.Context, tx *store.Tx) (domain.SigningView, error) {
		return w.Service.Sign(ctx, tx, domaintest.Mine, name, step)
	})
}

func (w *world) step(name string, step domain.Step) domain.SigningView {
	w.T.Helper()
	v, err := w.tryStep(name, step)
	if err != nil {
		w.T.Fatalf("%s: %v", step, err)
	}
	return v
}

func (w *world) signing(name string) domain.SigningView {
	w.T.Helper()
	v, err := w.Signing(context.Background(), w.DB, domaintest.Mine, name)
	if err != nil {
		w.T.Fatal(err)
	}
	return v
}

// advanced moves the clock and updates keys until none is due.
func (w *world) advanced(by time.Duration) {
	w.T.Helper()
	w.Clock.Advance(by)
	for range 2 {
		if err := w.UpdateDueKeys(context.Background()); err != nil {
			w.T.Fatal(err)
		}
	}
}

// apex counts the served records of a type at a domain's apex.
func (w *world) apex(name, rrtype string) (count int) {
	for _, line := range w.Server.Lines(name) {
		if strings.HasPrefix(line, name+". ") && strings.Contains(line, " IN "+rrtype+" ") {
			count++
		}
	}
	return count
}

// state summarizes how a domain is signed: the stage, DS records and keys in the API,
// and the served DNSKEY and CDS records.
func (w *world) state(name string) string {
	v := w.signing(name)
	return fmt.Sprintf("%s ds=%d keys=%d DNSKEY=%d CDS=%d signer=%t", v.Stage, len(v.DS), len(v.Keys),
		w.apex(name, "DNSKEY"), w.apex(name, "CDS"), w.Server.Signer(name+".") != nil)
}

// A domain is signed, its key is replaced, and signing ends. Each stage lasts as long as
// resolvers may have records of the stage before.
func TestSigningLife(t *testing.T) {
	w := newWorld(t)
	w.Propagation = time.Minute
	w.Create("example.com")
	w.Add("example.com", domaintest.Params(t, `{"type":"A","name":"long","data":"192.0.2.1","ttl":7200}`))
	serial := w.Find("example.com").Serial
	for _, at := range []struct {
		step   domain.Step
		lasts  time.Duration // before the stage after the step ends by time; 0 if it does not
		during string
		after  string
	}{
		{domain.StepSign, 2*time.Hour + time.Minute, "introduced ds=0 keys=1 DNSKEY=1 CDS=0 signer=true", "stable ds=1 keys=1 DNSKEY=1 CDS=1 signer=true"},
		{domain.StepRollover, time.Hour + time.Minute, "published ds=1 keys=2 DNSKEY=2 CDS=1 signer=true", "switched ds=1 keys=2 DNSKEY=2 CDS=1 signer=true"},
		{domain.StepConfirmDS, 24*time.Hour + time.Minute, "seen ds=1 keys=2 DNSKEY=2 CDS=1 signer=true", "stable ds=1 keys=1 DNSKEY=1 CDS=1 signer=true"},
		{domain.StepUnsign, 0, "leaving ds=0 keys=1 DNSKEY=1 CDS=1 signer=true", ""},
		{domain.StepConfirmDS, 24*time.Hour + time.Minute, "left ds=0 keys=1 DNSKEY=1 CDS=1 signer=true", "unsigned ds=0 keys=0 DNSKEY=0 CDS=0 signer=false"},
	} {
		began := w.Clock.Now()
		v := w.step("example.com", at.step)
		if got := w.state("example.com"); got != at.during {
			t.Fatalf("after %s: %s, want %s", at.step, got, at.during)
		}
		if at.lasts == 0 {
			if w.advanced(1000 * time.Hour); w.state("example.com") != at.during {
				t.Errorf("%s ends by time: %s", at.step, w.state("example.com"))
			}
			continue
		}
		if v.Until == nil || *v.Until != began.Add(at.lasts).UTC().Format(time.RFC3339) {
			t.Errorf("%s: until %v, want %v", at.step, v.Until, began.Add(at.lasts))
		}
		w.advanced(0) // sees it served
		w.advanced(at.lasts - time.Second)
		if got := w.state("example.com"); got != at.during {
			t.Fatalf("a second before the end of %s: %s", at.step, got)
		}
		w.advanced(time.Second)
		if got := w.state("example.com"); got != at.after {
			t.Fatalf("at the end of %s: %s, want %s", at.step, got, at.after)
		}
		if now := w.Find("example.com").Serial; now <= serial {
			t.Errorf("the serial goes from %d to %d", serial, now)
		} else {
			serial = now
		}
	}
	if got := len(w.Server.Lines("example.com")); got != 4 {
		t.Errorf("at the end %d records are served", got)
	}
}

func TestSteps(t *testing.T) {
	w := newWorld(t)
	w.Create("example.com")
	refused := func(step domain.Step, want string) {
		t.Helper()
		before := w.signing("example.com")
		if _, err := w.tryStep("example.com", step); domaintest.Message(err) != "type: "+want {
			t.Errorf("%s at %s: %s", step, before.Stage, domaintest.Message(err))
		}
	}
	same := func(step domain.Step) {
		t.Helper()
		serial, stage := w.Find("example.com").Serial, w.signing("example.com").Stage
		if v := w.step("example.com", step); v.Stage != stage || w.Find("example.com").Serial != serial {
			t.Errorf("%s at %s changes it", step, stage)
		}
	}
	nothing := "There is nothing to confirm: a domain waits for its parent's DS records at the stages switched and leaving, and this one is "
	early := "A rollover can begin when the domain's signing is stable, and it is "

	refused(domain.StepRollover, early+"unsigned")
	refused(domain.StepConfirmDS, nothing+"unsigned")
	refused("resign", "Type must be one of: sign, rollover, confirm_ds, unsign")
	same(domain.StepUnsign)
	key := w.step("example.com", domain.StepSign).Keys[0]
	same(domain.StepSign)
	refused(domain.StepRollover, early+"introduced")
	refused(domain.StepConfirmDS, nothing+"introduced")
	w.step("example.com", domain.StepUnsign)
	same(domain.StepUnsign)
	if v := w.step("example.com", domain.StepSign); v.Stage != "introduced" || v.Keys[0] != key {
		t.Errorf("signed again: %+v", v)
	}
	w.advanced(0)
	w.advanced(2 * time.Hour)
	if v := w.step("example.com", domain.StepRollover); v.Stage != "published" || v.Keys[0] != key || v.Keys[1] == key {
		t.Errorf("rollover: %+v", v)
	}
	refused(domain.StepRollover, early+"published")
	refused(domain.StepUnsign, "A rollover is under way, at the stage published: end it first, until the domain's signing is stable")
	same(domain.StepSign)
	w.advanced(0)
	w.Clock.Advance(time.Hour)
	if err := w.UpdateDueKeys(t.Context()); err != nil { // and once only: nobody has seen it served
		t.Fatal(err)
	}
	refused(domain.StepConfirmDS, "The new key has only just begun to sign: confirm in half a minute")
	w.advanced(0)
	if v := w.step("example.com", domain.StepConfirmDS); v.Stage != "seen" {
		t.Errorf("confirmed: %+v", v)
	}
	if _, err := w.tryStep("example.net", domain.StepSign); domaintest.Message(err) != "not about a field: The resource you were accessing could not be found." {
		t.Errorf("no domain: %s", domaintest.Message(err))
	}
}

// A change of a record keeps the signer, so that other signatures stay cached.
func TestChangesKeepTheSigner(t *testing.T) {
	w := newWorld(t)
	w.Create("example.com")
	w.step("example.com", domain.StepSign)
	signer := w.Server.Signer("example.com.")
	w.Add("example.com", domaintest.Params(t, `{"type":"A","name":"www","data":"192.0.2.1"}`))
	if last := w.Server.LastCall(); last != "apply example.com." {
		t.Errorf("a record: %s", last)
	}
	w.advanced(0)
	if err := w.Feed.Start(t.Context()); err != nil { // reads all anew
		t.Fatal(err)
	}
	if w.Server.Signer("example.com.") != signer {
		t.Error("the same keys have another signer")
	}
	w.advanced(2 * time.Hour)
	if w.signing("example.com").Stage != "stable" || w.Server.Signer("example.com.") == signer {
		t.Error("other keys have the same signer")
	}
}

// A signed domain gets a new serial before the signatures at secondaries expire, and
// nothing else of it changes.
func TestSignaturesAreRenewed(t *testing.T) {
	w := newWorld(t)
	w.Create("example.com")
	w.Create("example.net")
	w.step("example.com", domain.StepSign)
	w.advanced(0)
	w.advanced(2 * time.Hour)
	w.advanced(0)
	for range 3 {
		signed, unsigned, serves := w.Find("example.com").Serial, w.Find("example.net").Serial, w.Server.Lines("example.com")
		w.advanced(4*24*time.Hour - time.Minute)
		if w.Find("example.com").Serial != signed {
			t.Error("too early")
		}
		w.advanced(time.Minute)
		if w.Find("example.com").Serial <= signed || w.Find("example.net").Serial != unsigned {
			t.Error("no new serial after four days, or one for a domain that is not signed")
		}
		w.Expect("example.com", serves...)
	}
}

// The time of a stage begins when the stage is served.
func TestAStageBeginsWhenItIsServed(t *testing.T) {
	path := storetest.Source(t)
	w := openWorld(t, path)
	w.AddAccounts()
	w.Create("example.com")
	w.Server.Reject(func(string) error { return errors.New("no") })
	w.step("example.com", domain.StepSign)
	w.advanced(100 * time.Hour)
	if v := w.signing("example.com"); v.Stage != "introduced" {
		t.Fatalf("refused by the name server, and yet %s", v.Stage)
	}
	again := openWorld(t, path) // after a crash before the publication, it might be
	again.Clock.Advance(100 * time.Hour)
	again.advanced(30 * time.Second)
	again.advanced(time.Hour - time.Second)
	if v := again.signing("example.com"); v.Stage != "introduced" {
		t.Fatalf("served for less than an hour, and yet %s", v.Stage)
	}
	again.advanced(time.Second)
	if v := again.signing("example.com"); v.Stage != "stable" {
		t.Errorf("served for an hour, and yet %s", v.Stage)
	}
}

// While no process ran, secondaries may have served the stage before.
func TestAStageDoesNotEndSoonAfterAStart(t *testing.T) {
	path := storetest.Source(t)
	w := openWorld(t, path)
	w.AddAccounts()
	w.Propagation = record.SecondaryLag
	w.Create("example.com")
	w.step("example.com", domain.StepSign)
	w.advanced(0)
	w.advanced(6 * time.Hour)
	w.step("example.com", domain.StepRollover)
	w.advanced(0)
	again := openWorld(t, path)
	again.Propagation = record.SecondaryLag
	again.Clock.Advance(100 * time.Hour)
	if err := again.Feed.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	again.advanced(record.SecondaryLag + time.Hour - time.Second)
	if v := again.signing("example.com"); v.Stage != "published" {
		t.Fatalf("%s before secondaries, and who asked them, can have the new key", v.Stage)
	}
	again.advanced(time.Second)
	if v := again.signing("example.com"); v.Stage != "switched" {
		t.Errorf("%s when all can have the new key", v.Stage)
	}
}

// Only the process that maintains keys ends stages. Those that only follow the feed do
// not: they do not know all secondaries.
func TestOnlyTheProcessThatMaintainsKeysEndsStages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.Create("example.com")
		w.step("example.com", domain.StepSign)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		after := func(begin func(context.Context)) dnssec.Stage {
			go begin(ctx)
			time.Sleep(time.Minute) // of the bubble's clock: sees it served
			w.Clock.Advance(2 * time.Hour)
			time.Sleep(time.Minute)
			synctest.Wait()
			return w.signing("example.com").Stage
		}
		if stage := after(w.Feed.Follow); stage != dnssec.Introduced {
			t.Errorf("who follows has ended a stage: %s", stage)
		}
		if stage := after(w.MaintainKeys); stage != dnssec.Stable {
			t.Errorf("who keeps the keys has not ended a stage: %s", stage)
		}
	})
}

// A TTL that becomes shorter after the key has been replaced does not shorten the
// rollover: resolvers have records of the old key with the old TTL.
func TestShorterTTLsDoNotShortenARollover(t *testing.T) {
	w := newWorld(t)
	w.Create("example.com")
	r := w.Add("example.com", domaintest.Params(t, `{"type":"A","name":"long","data":"192.0.2.1","ttl":604800}`))
	w.step("example.com", domain.StepSign)
	w.advanced(0)
	w.advanced(7 * 24 * time.Hour)
	w.step("example.com", domain.StepRollover)
	w.advanced(0)
	w.advanced(time.Hour)
	if v := w.signing("example.com"); v.Stage != "switched" {
		t.Fatal(v.Stage)
	}
	if _, err := w.TryUpdate("example.com", r.ID, domaintest.Params(t, `{"ttl":30}`)); err != nil {
		t.Fatal(err)
	}
	w.step("example.com", domain.StepConfirmDS)
	w.advanced(0)
	w.advanced(6 * 24 * time.Hour)
	if v := w.signing("example.com"); v.Stage != "seen" {
		t.Errorf("after six of seven days: %s", v.Stage)
	}
	w.advanced(24 * time.Hour)
	if v := w.signing("example.com"); v.Stage != "stable" {
		t.Errorf("after seven days: %s", v.Stage)
	}
}

// Another node signs with the same keys. A domain that is created again has other keys.
func TestKeysAreInTheDatabase(t *testing.T) {
	path := storetest.Source(t)
	w := openWorld(t, path)
	w.AddAccounts()
	w.Create("example.com")
	first := w.step("example.com", domain.StepSign).Keys[0]
	other := openWorld(t, path)
	a := &dns.A{Hdr: dns.RR_Header{Name: "example.com.", Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 60}, A: []byte{192, 0, 2, 1}}
	signatures, _, err := other.Server.Signer("example.com.").Sign([]dns.RR{a})
	if err != nil {
		t.Fatal(err)
	}
	key := &dns.DNSKEY{Hdr: dns.RR_Header{Name: "example.com.", Rrtype: dns.TypeDNSKEY, Class: dns.ClassINET}, Flags: first.Flags, Protocol: first.Protocol, Algorithm: first.Algorithm, PublicKey: first.PublicKey}
	if err := signatures[0].(*dns.RRSIG).Verify(key, []dns.RR{a}); err != nil {
		t.Errorf("signed by the other node: %v", err)
	}
	w.Remove("example.com")
	w.Create("example.com")
	if got := w.state("example.com"); got != "unsigned ds=0 keys=0 DNSKEY=0 CDS=0 signer=false" {
		t.Errorf("made again: %s", got)
	}
	if again := w.step("example.com", domain.StepSign).Keys[0]; again == first {
		t.Error("made and signed again it has the old key")
	}
}
