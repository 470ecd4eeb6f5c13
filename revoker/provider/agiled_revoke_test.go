package provider_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/revoker/provider"
	"github.com/quash-sh/quash/revoker/provider/providertest"
	"github.com/quash-sh/quash/scanner"
)

// known is an inventory record of the leaked key.
var known = inventoryOf{Name: leakedName, Integration: "Warehouse sync", Owner: "ops@acme.example", StoredAt: "vault/warehouse"}

func TestAgiledManualRevoke(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	w.o.Agiled.Inventory = known
	p := w.provider(agiledRule)
	if want := (revoker.Action{Name: "manual", Call: "manual revoke (Agiled documents no API for it)", Idempotent: true}); p.Action != want {
		t.Errorf("action %+v", p.Action)
	}
	before := w.active(p)
	got, err := p.Revoker.Revoke(t.Context(), w.finding(), before)
	if err != nil {
		t.Fatal(err)
	}
	want := revoker.Receipt{
		State: revoker.Manual, Action: "manual", At: w.clock.Now(), Reference: "WO-7F3A2C9D",
		Steps: []string{
			`Sign in to Agiled as somebody who may manage the API keys of organization "Acme GmbH".`,
			"Open Settings > API.",
			`Find the key named "Warehouse sync - production - Ops".`,
			"Press Revoke and confirm.",
			"Look at Settings > Webhooks for subscriptions that nobody knows: nothing says that they end with the key.",
			"Leave the rest to quash: it asks GET /public/v1/me until the key is answered 401, and calls it revoked only then.",
			"Create a new key for Warehouse sync, store it in vault/warehouse, and test it with GET /public/v1/me. Its owner is ops@acme.example.",
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	w.holdsNoKey("receipt", got)
	if len(w.changes()) != 0 {
		t.Error("a manual revoke sent something")
	}
	if err := w.RevokeInUI(leakedName); err != nil {
		t.Fatal(err)
	}
	if v := w.verify(p, w.finding()); v.Validity != revoker.Inactive {
		t.Errorf("after the person did it: %s: %s", v.Validity, v.Reason)
	}
}

func TestAgiledManualRevokeWithoutName(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	p := w.provider(agiledRule)
	got, err := p.Revoker.Revoke(t.Context(), w.finding(), w.active(p))
	if err != nil {
		t.Fatal(err)
	}
	if step := got.Steps[2]; !strings.Contains(step, "config/agiled.env") || !strings.Contains(step, "do not guess") || !strings.Contains(step, "quash keys add") {
		t.Errorf("step %q", step)
	}
}

func TestAgiledRevokeWantsAnActiveVerdict(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	for _, v := range []revoker.Verdict{{}, {Validity: revoker.Unknown}, {Validity: revoker.Inactive, Control: &revoker.Exchange{}}, {Validity: revoker.Active}} {
		_, err := w.provider(agiledRule).Revoker.Revoke(t.Context(), w.finding(), v)
		if refusal := new(revoker.Refusal); !errors.As(err, &refusal) {
			t.Errorf("%s without control: %v", v.Validity, err)
		}
	}
}

// byEndpoint configures the simulator's operator service as the way to revoke.
func (w *agiledWorld) byEndpoint(body string) {
	w.o.Agiled.Inventory = known
	w.o.Agiled.Revoke = provider.AgiledRevoke{Mode: "endpoint", Endpoint: provider.AgiledEndpoint{
		URL: "https://ops.example.com" + providertest.AgiledRevokePath, Credential: scanner.NewSecret(w.Operator()), Body: body,
	}}
}

func TestAgiledEndpointRevoke(t *testing.T) {
	for bind, body := range map[string]string{
		"matched": `{"name":"{{key_name}}","organization":"{{organization_id}}"}`,
		"echoed":  `{"token_id":"{{key_id}}"}`,
		"value":   `{"token":"{{token}}"}`,
	} {
		t.Run(bind, func(t *testing.T) {
			w := newAgiledWorld(t, providertest.AgiledOptions{})
			w.byEndpoint(body)
			p := w.provider(agiledRule)
			if a := p.Action; a.Name != "endpoint" || a.Bind != bind || !a.Idempotent || a.Reversible || !a.Operator ||
				a.Call != "POST https://ops.example.com"+providertest.AgiledRevokePath+" (the operator's own endpoint)" {
				t.Errorf("action %+v", a)
			}
			got, err := p.Revoker.Revoke(t.Context(), w.finding(), w.active(p))
			if err != nil {
				t.Fatal(err)
			}
			if got.State != revoker.Requested || got.Exchange == nil || got.Exchange.Status != 202 {
				t.Errorf("receipt %+v", got)
			}
			w.holdsNoKey("receipt", got)
			if v := w.verify(p, w.finding()); v.Validity != revoker.Inactive {
				t.Errorf("afterwards %s: %s", v.Validity, v.Reason)
			}
			if w.ask(w.good) != 200 {
				t.Error("another key died too")
			}
		})
	}
}

// ask is the status that a key is answered with.
func (w *agiledWorld) ask(k providertest.AgiledKey) int {
	if !w.Revoked(k.Token).IsZero() {
		return 401
	}
	return 200
}

func TestAgiledEndpointIsOneOrder(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	w.byEndpoint(`{"name":"{{key_name}}"}`)
	w.SetLag(providertest.AgiledLag{For: time.Hour})
	w.Inject(providertest.AgiledFault{Method: "POST", Lost: true, Times: 1})
	p := w.provider(agiledRule)
	v := w.active(p)
	_, err := p.Revoker.Revoke(t.Context(), w.finding(), v)
	if refusal := new(revoker.Refusal); err == nil || errors.As(err, &refusal) {
		t.Fatalf("a lost reply is %v, want an error that leaves the outcome open", err)
	}
	w.holdsNoKey("error", err.Error())
	first := w.Revoked(w.leaked.Token)
	if first.IsZero() {
		t.Fatal("the order was not carried out")
	}
	w.clock.now = w.clock.now.Add(time.Minute)
	if _, err := p.Revoker.Revoke(t.Context(), w.finding(), v); err != nil {
		t.Fatal(err)
	}
	if again := w.Revoked(w.leaked.Token); !again.Equal(first) {
		t.Error("the order was carried out twice")
	}
	changes := w.changes()
	if len(changes) != 2 || changes[0].Idempotency != string(agiledKeyID)+"-revoke" || changes[1].Idempotency != changes[0].Idempotency {
		t.Errorf("orders %+v, want two with the same Idempotency-Key", changes)
	}
}

func TestAgiledEndpointFailures(t *testing.T) {
	for name, c := range map[string]struct {
		set    func(*agiledWorld)
		unsent bool
		want   string
	}{
		"no name":       {func(w *agiledWorld) { w.o.Agiled.Inventory = nil }, true, "quash keys add"},
		"no such key":   {func(w *agiledWorld) { w.o.Agiled.Inventory = inventoryOf{Name: "nobody's"} }, false, "answered 404"},
		"500":           {func(w *agiledWorld) { w.Inject(providertest.AgiledFault{Method: "POST", Status: 500}) }, false, "answered 500"},
		"redirect":      {func(w *agiledWorld) { w.Inject(providertest.AgiledFault{Method: "POST", Redirect: w.server.TLSURL}) }, false, "answered 302"},
		"not reachable": {func(w *agiledWorld) { delete(w.o.Simulate.Hosts, "ops.example.com:443") }, true, "not simulated"},
		"dead meanwhile": {func(w *agiledWorld) {
			w.Inject(providertest.AgiledFault{Path: "/public/v1/me", Status: 401, After: 2})
		}, true, "not active"},
		"unclear meanwhile": {func(w *agiledWorld) {
			w.Inject(providertest.AgiledFault{Path: "/public/v1/me", Status: 404, After: 2})
		}, true, "not active"},
		"the credential is the key": {func(w *agiledWorld) {
			w.o.Agiled.Revoke.Endpoint.Credential = scanner.NewSecret(w.leaked.Token)
		}, true, "leaked key itself"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newAgiledWorld(t, providertest.AgiledOptions{})
			w.byEndpoint(`{"name":"{{key_name}}"}`)
			c.set(w)
			p := w.provider(agiledRule)
			_, err := p.Revoker.Revoke(t.Context(), w.finding(), w.active(p))
			refusal := new(revoker.Refusal)
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.As(err, &refusal) != c.unsent {
				t.Errorf("error %v; want %q, unsent %v", err, c.want, c.unsent)
			}
			w.holdsNoKey("error", fmt.Sprint(err))
			if c.unsent && len(w.changes()) != 0 {
				t.Error("something was sent")
			}
			if w.ask(w.leaked) != 200 {
				t.Error("the key died")
			}
		})
	}
}

func TestAgiledEndpointOwnerChanged(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	w.byEndpoint(`{"token_id":"{{key_id}}"}`)
	p := w.provider(agiledRule)
	for _, fact := range []string{"owner_id", "key_id"} {
		v := w.active(p)
		v.Facts[fact] = "another"
		_, err := p.Revoker.Revoke(t.Context(), w.finding(), v)
		if refusal := new(revoker.Refusal); !errors.As(err, &refusal) || !strings.Contains(err.Error(), fact) {
			t.Errorf("%s changed: %v", fact, err)
		}
	}
	if len(w.changes()) != 0 {
		t.Error("something was sent")
	}
}

func TestAgiledEndpointEscapes(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	name := `a/b?c "d" & ü`
	key := w.AddKey(providertest.AgiledKey{Name: name, Organization: w.org.ID})
	w.leaked = key
	w.byEndpoint(`{"name":"{{key_name}}"}`)
	w.o.Agiled.Inventory = inventoryOf{Name: name}
	w.o.Agiled.Revoke.Endpoint.URL += "?name={{key_name}}"
	w.o.Agiled.Revoke.Endpoint.Header = map[string]string{"Authorization": "Bearer {{credential}}", "X-Key": "{{id}}"}
	p := w.provider(agiledRule)
	if _, err := p.Revoker.Revoke(t.Context(), w.finding(), w.active(p)); err != nil {
		t.Fatal(err)
	}
	if got := w.changes()[0].Query.Get("name"); got != name {
		t.Errorf("name arrived as %q", got)
	}
	if w.ask(key) != 401 {
		t.Error("the key lives")
	}
}

// script writes a program of the operator's and returns its path.
func script(t *testing.T, body string) string {
	path := filepath.Join(t.TempDir(), "revoke")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAgiledCommandRevoke(t *testing.T) {
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		t.Skip("needs /proc to see what other processes can see")
	}
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	out := t.TempDir()
	t.Setenv("QUASH_TEST_CANARY", "inherited")
	w.o.Agiled.Inventory = known
	w.o.Agiled.Revoke = provider.AgiledRevoke{Mode: "command", Command: provider.AgiledCommand{
		Argv: []string{script(t, `
cat > "$OUT/stdin"
cat /proc/[0-9]*/cmdline > "$OUT/cmdline" 2>/dev/null
cat /proc/self/environ > "$OUT/environ"
echo "this is thrown away"; cat "$OUT/stdin"; cat "$OUT/stdin" >&2
`), "revoke", "--now"},
		Env: []string{"OUT=" + out, "PATH=/usr/bin:/bin"},
	}}
	p := w.provider(agiledRule)
	if a := p.Action; a.Name != "command" || a.Bind != "value" || a.Idempotent || a.Reversible || !strings.HasPrefix(a.Call, "run /") {
		t.Errorf("action %+v", a)
	}
	got, err := p.Revoker.Revoke(t.Context(), w.finding(), w.active(p))
	if err != nil {
		t.Fatal(err)
	}
	if got.State != revoker.Requested || got.Action != "command" {
		t.Errorf("receipt %+v", got)
	}
	w.holdsNoKey("receipt", got)
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if read("stdin") != w.leaked.Token+"\n" {
		t.Error("the key did not arrive on standard input")
	}
	if strings.Contains(read("cmdline"), w.leaked.Token) || !strings.Contains(read("cmdline"), "--now") {
		t.Error("the key stands in somebody's arguments, or arguments were not seen at all")
	}
	environ := read("environ")
	if strings.Contains(environ, w.leaked.Token) || strings.Contains(environ, "QUASH_TEST_CANARY") {
		t.Error("the environment holds the key or was inherited")
	}
	for _, want := range []string{"QUASH_ID=" + string(agiledKeyID), "QUASH_KEY_NAME=" + leakedName, "QUASH_ORGANIZATION=Acme GmbH", "QUASH_ORGANIZATION_ID=" + w.org.ID} {
		if !strings.Contains(environ, want) {
			t.Errorf("the environment lacks %s", want)
		}
	}
	if len(w.changes()) != 0 {
		t.Error("a command revoke sent something itself")
	}
}

func TestAgiledCommandFailures(t *testing.T) {
	for name, c := range map[string]struct {
		command provider.AgiledCommand
		kill    bool
		unsent  bool
		want    string
	}{
		"exit code":     {provider.AgiledCommand{Argv: []string{script(t, "cat >&2; exit 3")}, Env: []string{"PATH=/usr/bin:/bin"}}, false, false, "exit code 3"},
		"time":          {provider.AgiledCommand{Argv: []string{script(t, "exec sleep 60")}, Env: []string{"PATH=/usr/bin:/bin"}, Timeout: 50 * time.Millisecond}, false, false, "time was up"},
		"no program":    {provider.AgiledCommand{Argv: []string{filepath.Join(t.TempDir(), "none")}}, false, true, "could not be started"},
		"kill switch":   {provider.AgiledCommand{Argv: []string{script(t, "exit 0")}}, true, true, "kill switch"},
		"reads nothing": {provider.AgiledCommand{Argv: []string{script(t, "exit 0")}}, false, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newAgiledWorld(t, providertest.AgiledOptions{})
			w.o.Agiled.Revoke = provider.AgiledRevoke{Mode: "command", Command: c.command}
			v := w.active(w.provider(agiledRule))
			if c.kill {
				asked := 0
				w.o.Kill = func(context.Context) error {
					if asked++; asked > 1 {
						return errors.New("on")
					}
					return nil
				}
			}
			_, err := w.provider(agiledRule).Revoker.Revoke(t.Context(), w.finding(), v)
			refusal := new(revoker.Refusal)
			if c.want == "" && err == nil {
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.As(err, &refusal) != c.unsent {
				t.Errorf("error %v; want %q, unsent %v", err, c.want, c.unsent)
			}
			w.holdsNoKey("error", fmt.Sprint(err))
		})
	}
}

func TestAgiledLegacyRevoke(t *testing.T) {
	w := newAgiledWorld(t, providertest.AgiledOptions{})
	k := w.AddKey(providertest.AgiledKey{Name: "old", Organization: w.org.ID, Legacy: true, Brand: agiledBrand})
	p := w.provider(legacyRule)
	f := agiledFinding(legacyRule, k.Token, agiledBrand)
	got, err := p.Revoker.Revoke(t.Context(), f, w.verify(p, f))
	if err != nil {
		t.Fatal(err)
	}
	if got.State != revoker.Manual || len(got.Steps) < 3 || !strings.Contains(fmt.Sprint(got.Steps), "/api/v1/users") {
		t.Errorf("receipt %+v", got)
	}
}
