package cli_test

import (
	"os"
	"strings"
	"testing"
)

func TestVerifyOneKey(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	live, dead := w.key("Warehouse sync - production - Ops"), w.key("Import - migration - Ops")
	if err := w.agiled.RevokeInUI(dead.Name); err != nil {
		t.Fatal(err)
	}
	w.wants(w.pipe(live.Token+"\n", "verify", "--rule", "agiled-api-key"), 4, "ACTIVE", "Acme GmbH")
	w.wants(w.pipe(dead.Token, "verify", "--rule", "agiled-api-key", "-f", "jsonl"), 1, `"validity":"inactive"`, `"verify":true`)
	if kinds := strings.Join(w.journal(""), " "); kinds != "verified verified" {
		t.Errorf("the journal has %s", kinds)
	}
	w.agiled.DenyAPI(w.org.ID, true)
	w.wants(w.pipe(live.Token, "verify", "--rule", "agiled-api-key"), 4, "403")
	for name, c := range map[string]struct{ stdin, rule, want string }{
		"no rule":      {live.Token, "agiled", "--rule: not a rule"},
		"nothing":      {" \n", "agiled-api-key", "give the key alone"},
		"another kind": {live.Token, "github-pat", "does not begin like one of rule github-pat"},
		"too long":     {strings.Repeat("x", 70_000), "agiled-api-key", "longer than any key"},
	} {
		if r := w.pipe(c.stdin, "verify", "--rule", c.rule); r.code != 2 || !strings.Contains(r.err, c.want) {
			t.Errorf("%s: exit %d: %s", name, r.code, r.err)
		}
	}
	w.wants(w.pipe("a\nb", "verify", "--rule", "aws-access-key", "--part", "nonsense"), 2, "--part: a key of rule aws-access-key has no such part", "secret")
}

func TestRevokeOneKey(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	k := w.key("Warehouse sync - production - Ops")
	w.wants(w.pipe(k.Token, "revoke", "--rule", "agiled-api-key"), 4, "ACTIVE")
	w.wants(w.pipe(k.Token, "revoke", "--rule", "agiled-api-key", "--execute"), 2, "--execute needs a policy")
	w.wants(w.pipe(k.Token, "revoke", "--rule", "agiled-api-key", "--exposure", "everybody"), 2, "--exposure: not known")
	if !w.agiled.Revoked(k.Token).IsZero() {
		t.Fatal("revoked without --execute and policy")
	}
	r := w.pipe(k.Token, "revoke", "--rule", "agiled-api-key", "--execute", "--policy", w.policy("auto"), "--since", "2026-11-01")
	w.wants(r, 1, "DEAD", "2026-11-01", "proven dead")
	if w.agiled.Revoked(k.Token).IsZero() {
		t.Error("not revoked")
	}
}

// Rotate walks Agiled's guide: the new key is tested and entered, then the old one is answered and retired.
func TestRotate(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	old, dead, fresh := w.key("Warehouse sync - production - Ops"), w.key("Dead"), w.key("Warehouse sync 2 - production - Ops")
	if err := w.agiled.RevokeInUI("Dead"); err != nil {
		t.Fatal(err)
	}
	w.wants(w.pipe(old.Token, "keys", "add", "--rule", "agiled-api-key", "--integration", "Warehouse sync", "--environment", "production",
		"--owner", "Ops", "--stored-at", "vault/agiled", "--preset", "full"), 0, "entered")
	id := strings.Fields(w.run("keys", "list").out)[len(strings.Fields("ID STATE NAME OWNER ENVIRONMENT PRESET EXPIRES ROTATE BY STORED AT"))]
	rotate := func(first, second string, more ...string) result {
		return w.pipe(first+"\n"+second+"\n", append([]string{"keys", "rotate", id}, more...)...)
	}
	policy := w.policy("auto")
	w.wants(rotate(dead.Token, old.Token, "--execute", "--policy", policy), 2, "the new key is inactive", "the old one is left alone")
	w.wants(rotate(old.Token, old.Token), 2, "the new key is the old one")
	w.wants(rotate(old.Token, fresh.Token), 2, "give the new key first and the old one second")
	w.wants(w.pipe(old.Token, "keys", "rotate", id), 2, "two lines wanted")
	w.wants(w.pipe("a\nb", "keys", "rotate", "q-0000000000000000"), 2, "not in the inventory")
	if !w.agiled.Revoked(old.Token).IsZero() {
		t.Fatal("the old key was revoked although the walk did not get there")
	}

	w.wants(rotate(fresh.Token, old.Token), 4, "is live; the old one is answered next", "ACTIVE")
	w.wants(w.run("keys", "list"), 0, "replaced by q-", "in use")
	w.wants(w.run("keys", "audit"), 1, "it was replaced by q-", "is not revoked yet")
	w.wants(rotate(fresh.Token, old.Token, "--execute", "--policy", policy), 1, "DEAD")
	w.wants(w.run("keys", "list"), 0, "retired 2026-11-22", "in use")
	w.wants(w.run("keys", "audit"), 0, "2 keys, nothing to say")
	if w.agiled.Revoked(old.Token).IsZero() || !w.agiled.Revoked(fresh.Token).IsZero() {
		t.Error("the old key is to be revoked, and the new one not")
	}
}

// A journal that somebody put in the place of another is noticed by the store beside it, though it is whole in itself.
func TestJournalOfAnother(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	k := w.key("Warehouse sync - production - Ops")
	verify := func() { w.wants(w.pipe(k.Token, "verify", "--rule", "agiled-api-key"), 4) }
	verify()
	verify()
	w.wants(w.run("journal", "verify"), 0, "2 entries")
	files := []string{"journal.jsonl", "journal.head", "journal.key", "journal.pub"}
	replace := func(entries int) {
		t.Helper()
		for _, name := range files {
			if err := os.Remove(w.path("state/" + name)); err != nil {
				t.Fatal(err)
			}
		}
		db := w.read("state/quash.db")
		for range entries {
			verify()
		}
		w.write("state/quash.db", db)
	}
	replace(1)
	w.wants(w.run("journal", "verify"), 2, "it has 1 entries and the store saw 2", "its end is missing")
	replace(3)
	w.wants(w.run("journal", "verify"), 2, "entry 2 is not the one that the store saw")
	w.wants(w.run("journal", "verify", w.path("nowhere")), 2, "verify journal")
}
