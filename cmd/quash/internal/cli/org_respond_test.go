package cli_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quash-sh/quash/cmd/quash/internal/forge/forgetest"
	"github.com/quash-sh/quash/revoker/provider/providertest"
)

// A key in three repositories is verified, planned and revoked once, also when what is known of it is remembered.
func TestOrgRespond(t *testing.T) {
	w, f := newOrgWorld(t)
	w.endpoint()
	k := w.key("Warehouse sync - production - Ops")
	for _, name := range []string{"a", "b", "c"} {
		f.Add(forgetest.Repository{Owner: "acme", Name: name})
		f.Push("acme/"+name, "refs/heads/main", map[string]string{name + ".env": "# settings\nAGILED_API_TOKEN=" + k.Token + "\n"})
	}
	w.wants(w.run("org", "github:acme"), 1, "3 scanned", "3 places")
	plan := []string{"org", "github:acme", "--respond", "--plan", w.path("plan.json")}
	w.wants(w.run(plan...), 4, "ACTIVE", "3 unchanged", "1 action, 1 irreversible")
	if !w.agiled.Revoked(k.Token).IsZero() {
		t.Fatal("the dry run revoked the key")
	}
	if err := os.RemoveAll(w.path("cache/quash/mirrors")); err != nil {
		t.Fatal(err)
	}
	w.wants(w.run("org", "github:acme"), 1, "3 scanned")
	w.forget()
	r := w.wants(w.run("org", "github:acme", "--respond", "--execute", "--policy", w.policy("auto")), 1, "DEAD", "proven dead")
	orders := slices.DeleteFunc(w.forget(), func(r request) bool { return !r.mutating() })
	if len(orders) != 1 || w.agiled.Revoked(k.Token).IsZero() || strings.Contains(r.out+r.err, k.Token) {
		t.Errorf("orders %v", orders)
	}
	w.wants(w.run("journal", "verify"), 0, "chain verified")
}

// A remembered key whose repository can no longer be read is named, not passed over.
func TestOrgRespondGone(t *testing.T) {
	w, f := newOrgWorld(t)
	w.endpoint()
	f.Add(forgetest.Repository{Owner: "acme", Name: "a"})
	f.Push("acme/a", "refs/heads/main", map[string]string{"a.env": "AGILED_API_TOKEN=" + w.key("Warehouse sync - production - Ops").Token + "\n"})
	w.wants(w.run("org", "github:acme"), 1, "1 scanned")
	mirrors, _ := filepath.Glob(w.path("cache/quash/mirrors/*.git"))
	for _, dir := range mirrors {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	f.Set(func() {
		f.Answer = func(rw http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, "/git-upload-pack") {
				rw.WriteHeader(http.StatusForbidden)
				return true
			}
			return false
		}
	})
	w.wants(w.run("org", "github:acme", "--respond", "--plan", w.path("plan.json")), 1, "1 unchanged", "could not be read again, so it was not answered: access is denied", "INCOMPLETE")
}

// pushKey pushes a file with a key to a repository of the forge, which is made.
func pushKey(f *forgetest.Forge, r forgetest.Repository, k providertest.AgiledKey, comment string) {
	f.Add(r)
	f.Push(r.Owner+"/"+r.Name, "refs/heads/main", map[string]string{r.Name + ".env": "# settings\nAGILED_API_TOKEN=" + k.Token + comment + "\n"})
}

// An active key overrides an ignore in an organisation too: one that a baseline or a comment lets stand is reported and planned when
// it is live, also when it is remembered from an earlier run; one that is dead stays left out.
func TestOrgActiveOverridesAllow(t *testing.T) {
	w, f := newOrgWorld(t)
	w.endpoint()
	known, commented, dead := w.key("Warehouse sync - production - Ops"), w.key("Reporting - staging - Data"), w.key("Old - staging - Data")
	pushKey(f, forgetest.Repository{Owner: "acme", Name: "a"}, known, "")
	pushKey(f, forgetest.Repository{Owner: "acme", Name: "b"}, commented, " # quash:allow sandbox")
	pushKey(f, forgetest.Repository{Owner: "acme", Name: "c"}, dead, "")
	if err := w.agiled.RevokeInUI(dead.Name); err != nil {
		t.Fatal(err)
	}
	all := ids(t, w.wants(w.run("org", "github:acme", "-f", "jsonl"), 1, "3 scanned").out)
	if len(all) != 2 {
		t.Fatalf("%d keys without the one that a comment allows", len(all))
	}
	baseline := w.write("known.quash", all[0]+"\n"+all[1]+"\n")
	r := w.wants(w.run("org", "github:acme", "--baseline", baseline, "-f", "jsonl"), 0, "3 unchanged")
	if st := statsOf(t, r.out); st.Allowed != 3 || st.Findings != 0 {
		t.Errorf("a run that asks nobody: %+v", st)
	}
	for _, how := range []string{"remembered", "read"} {
		if how == "read" {
			if err := os.RemoveAll(w.path("cache/quash/mirrors")); err != nil {
				t.Fatal(err)
			}
		}
		r = w.run("org", "github:acme", "--baseline", baseline, "--respond", "--plan", w.path("plan.json"), "-f", "jsonl")
		w.wants(r, 4, "is allowed, and live: it is reported all the same", "2 actions")
		st, found := statsOf(t, r.out), foundIDs(t, r.out)
		if st.Allowed != 1 || st.Findings != 2 || st.Keys != 2 || len(found) != 2 || found[all[1]] != nil || len(answered(t, r.out)) != 2 {
			t.Errorf("%s: %d found, %d answered; %+v", how, len(found), len(answered(t, r.out)), st)
		}
		for id, reasons := range found {
			if !slices.ContainsFunc(reasons, func(s string) bool { return strings.Contains(s, "overrides an ignore") }) {
				t.Errorf("%s: nothing says why %s is reported: %q", how, id, reasons)
			}
		}
	}
	w.wants(w.run("show", all[0]), 0, "a.env")
	if w.revoked([]providertest.AgiledKey{known, commented}) != 0 {
		t.Error("a dry run revoked a key")
	}
}

// Policy rules over exposure hold by the visibility of the repositories: the most visible one that holds the key counts.
func TestOrgExposure(t *testing.T) {
	w, f := newOrgWorld(t)
	w.endpoint()
	open, both, hidden := w.key("Warehouse sync - production - Ops"), w.key("Reporting - staging - Data"), w.key("Old - staging - Data")
	pushKey(f, forgetest.Repository{Owner: "acme", Name: "open"}, open, "")
	pushKey(f, forgetest.Repository{Owner: "acme", Name: "one", Hidden: true}, both, "")
	pushKey(f, forgetest.Repository{Owner: "acme", Name: "two"}, both, "")
	pushKey(f, forgetest.Repository{Owner: "acme", Name: "hidden", Hidden: true}, hidden, "")
	policy := w.write("policy.yaml", "schema: quash.policy/1\nowners: [{provider: agiled, owner: Acme GmbH}]\nrules:\n"+
		"  - {match: {exposure: public}, mode: auto, without_approval: [irreversible, operator]}\n")
	run := []string{"org", "github:acme", "--respond", "--execute", "--policy", policy, "--plan", w.path("plan.json")}
	w.wants(w.run(run...), 4, "no rule matches")
	if w.revoked([]providertest.AgiledKey{open, both}) != 2 || w.revoked([]providertest.AgiledKey{hidden}) != 0 {
		t.Error("the keys of public repositories are to be revoked, and no other")
	}
	w.wants(w.run(append(run, "--exposure", "public")...), 1)
	if w.revoked([]providertest.AgiledKey{hidden}) != 1 {
		t.Error("--exposure does not count before the visibility")
	}
}
