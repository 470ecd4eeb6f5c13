package provider_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/revoker/provider"
	"github.com/quash-sh/quash/revoker/provider/providertest"
	"github.com/quash-sh/quash/scanner"
)

func TestAgiledReviewKeyIsChecked(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*agiledWorld)
		want string
	}{
		"none":           {func(w *agiledWorld) { w.o.Agiled.ReviewKey = scanner.Secret{} }, `key with the preset Read only in organization "Acme GmbH", and set providers.agiled.review_key`},
		"the leaked key": {func(w *agiledWorld) { w.o.Agiled.ReviewKey = scanner.NewSecret(w.leaked.Token) }, "the leaked key itself"},
		"another organization": {func(w *agiledWorld) {
			k := w.AddKey(providertest.AgiledKey{Name: "o", Organization: w.AddOrganization("Other Ltd").ID})
			w.o.Agiled.ReviewKey = scanner.NewSecret(k.Token)
		}, `the review key belongs to organization "Other Ltd", the leaked key to "Acme GmbH"`},
		"a dead key": {func(w *agiledWorld) { w.o.Agiled.ReviewKey = scanner.NewSecret("dead" + w.good.Token[4:]) }, "not accepted (401)"},
		"a page":     {func(w *agiledWorld) { w.Inject(providertest.AgiledFault{HTML: true, Token: w.good.Token}) }, "not JSON"},
		"404":        {func(w *agiledWorld) { w.Inject(providertest.AgiledFault{Status: 404, Token: w.good.Token}) }, "check the base URL"},
		"403":        {func(w *agiledWorld) { w.Inject(providertest.AgiledFault{Status: 403, Token: w.good.Token}) }, "refused (403)"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newAgiledWorld(t, providertest.AgiledOptions{})
			w.AddRecord(w.org.ID, "deals", w.exposed().From, time.Time{})
			c.set(w)
			a := w.review(w.exposed())
			if len(a.Events) != 0 || len(a.Counts) != 0 || !strings.HasPrefix(a.BlindSpots[0], "nothing was listed: ") || !strings.Contains(a.BlindSpots[0], c.want) {
				t.Errorf("%q, %d events", a.BlindSpots, len(a.Events))
			}
			if !saysBlind(a, "reads:") || len(a.CanWrite) == 0 {
				t.Errorf("blind spots %q, can write %v", a.BlindSpots, a.CanWrite)
			}
		})
	}
}

func TestAgiledReviewOfAKeyThatToldNothing(t *testing.T) {
	for name, c := range map[string]struct {
		inventory provider.Inventory
		listed    bool
	}{
		"no inventory":       {nil, false},
		"other organization": {inventoryOf{Organization: "Other Ltd"}, false},
		"by name":            {inventoryOf{Organization: "Acme GmbH"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newAgiledWorld(t, providertest.AgiledOptions{})
			w.o.Agiled.Inventory = c.inventory
			w.AddRecord(w.org.ID, "deals", w.exposed().From, time.Time{})
			a, err := w.provider(agiledRule).Reviewer.Review(t.Context(), w.finding(), revoker.Verdict{Validity: revoker.Active}, w.exposed())
			if err != nil {
				t.Fatal(err)
			}
			if listed := a.Counts["deals"] == 1; listed != c.listed || listed == strings.HasPrefix(a.BlindSpots[0], "nothing was listed") {
				t.Errorf("listed %v: %q", listed, a.BlindSpots)
			}
		})
	}
}

func TestAgiledReviewFailsForNow(t *testing.T) {
	for _, fault := range []providertest.AgiledFault{{Status: 500}, {Status: 429, RetryAfter: "3600"}, {Lost: true}} {
		w := newAgiledWorld(t, providertest.AgiledOptions{})
		p := w.provider(agiledRule)
		v := w.active(p)
		fault.Token = w.good.Token
		w.Inject(fault)
		_, err := p.Reviewer.Review(t.Context(), w.finding(), v, w.exposed())
		if err == nil || !strings.Contains(err.Error(), "quash review "+string(agiledKeyID)) {
			t.Errorf("%+v: %v", fault, err)
		}
		w.holdsNoKey("error", fmt.Sprint(err))
	}
}

func TestAgiledReviewListsThatFail(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	w.good = w.AddKey(providertest.AgiledKey{Name: "narrow", Organization: w.org.ID, Abilities: []string{"contacts:read", "deals:read", "tasks:read", "webhook-deliveries:read"}})
	w.o.Agiled.ReviewKey = scanner.NewSecret(w.good.Token)
	window := w.exposed()
	inside := w.Fill(w.org.ID, providertest.AgiledFill{Lists: []string{"contacts", "deals"}, Before: 120, Inside: 3, From: window.From, To: window.To})
	w.Inject(providertest.AgiledFault{Path: "/public/v1/tasks", Status: 500})
	w.Inject(providertest.AgiledFault{Path: "/public/v1/deals", Status: 429, RetryAfter: "5", Times: 1})
	p := w.provider(agiledRule)
	a, err := p.Reviewer.Review(t.Context(), w.finding(), w.active(p), window)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(sorted(inside), records(a)); d != "" {
		t.Error(d)
	}
	for _, spot := range []string{"invoices: answered 403", "webhook subscriptions: answered 403", "tasks: answered 500"} {
		if !saysBlind(a, spot) {
			t.Errorf("no blind spot %q in %q", spot, a.BlindSpots)
		}
	}
	if _, counted := a.Counts["invoices"]; counted {
		t.Error("a list that could not be read is counted")
	}
}

func TestAgiledReviewStops(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	p := w.provider(agiledRule)
	v := w.active(p)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Reviewer.Review(ctx, w.finding(), v, w.exposed()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestAgiledReadOnlyKeyWritesNothing(t *testing.T) {
	for scopes, writes := range map[string]bool{
		"read": false, "contacts:read, deals.read": false, "": true, "read, write": true, "full": true, "thread": true, "readwrite": true,
	} {
		w := newAgiledWorld(t, providertest.AgiledOptions{})
		w.o.Agiled.ReviewKey = scanner.Secret{}
		v := revoker.Verdict{Facts: map[string]string{"scopes": scopes}}
		a, err := w.provider(agiledRule).Reviewer.Review(t.Context(), w.finding(), v, w.exposed())
		if err != nil || (len(a.CanWrite) > 0) != writes {
			t.Errorf("%q: can write %v, %v", scopes, a.CanWrite, err)
		}
	}
}
