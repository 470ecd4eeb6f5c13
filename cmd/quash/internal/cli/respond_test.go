package cli_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/quash-sh/quash/revoker/provider/providertest"
)

// The response to one key, from plan to proof of death, by a policy that asks nobody.
func TestRespondAuto(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	k := w.key("Warehouse sync - production - Ops")
	leak := w.leak("shop/agiled.env", k)
	w.agiled.SetLag(providertest.AgiledLag{Looks: 2})

	r := w.wants(w.run("respond", leak, "--plan", w.path("plan.json")), 4, "ACTIVE", "plan written to", "1 action, 1 irreversible")
	if !w.agiled.Revoked(k.Token).IsZero() {
		t.Fatal("the dry run revoked the key")
	}
	w.wants(w.run("respond", "--execute", leak), 2, "--execute needs a policy", "schema: quash.policy/1", "mode: approve")
	r = w.wants(w.run("respond", "--execute", "--policy", w.policy("auto"), leak, "-o", w.path("run.jsonl")), 1, "DEAD", "proven dead")
	if strings.Contains(r.out, k.Token) || w.agiled.Revoked(k.Token).IsZero() {
		t.Error("the key is shown, or not revoked")
	}
	id := ids(t, w.read("run.jsonl"))[0]
	want := []string{"verified", "planned", "verified", "verified", "intent", "receipt", "look", "look", "look", "confirmed", "reviewed"}
	if diff := cmp.Diff(want, w.journal(id)); diff != "" {
		t.Error(diff)
	}

	// A second run finds the work done.
	w.forget()
	w.wants(w.run("respond", "--execute", "--policy", w.path("policy.yaml"), leak), 1, "DEAD")
	if sent := w.forget(); len(sent) != 0 {
		t.Errorf("a key that is done with was asked about: %v", sent)
	}
	w.wants(w.run("journal", "verify"), 0, "11 entries, chain verified")
	w.wants(w.run("journal", "show", id), 0, "confirmed", "inactive after our revoke")
}

// A key that stays alive after the order is exit code 4.
func TestRespondStaysAlive(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	k := w.key("Warehouse sync - production - Ops")
	w.agiled.SetLag(providertest.AgiledLag{Looks: 1000})
	w.wants(w.run("respond", "--execute", "--policy", w.policy("auto"), w.leak("a.env", k)), 4, "ACTIVE", "not dead")
}

func TestApprove(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	k, other := w.key("Warehouse sync - production - Ops"), w.key("Reporting - staging - Data")
	leak, plan, policy := w.leak("a.env", k), w.path("plan.json"), w.policy("approve")

	w.wants(w.run("respond", leak, "--plan", plan), 4, "plan written")
	written := w.read("plan.json")
	carryOut := []string{"respond", "--execute", "--policy", policy, "--approve", plan, leak}
	alive := func(when string) {
		t.Helper()
		if !w.agiled.Revoked(k.Token).IsZero() || slices.Contains(w.journal(""), "intent") {
			t.Fatalf("revoked %s", when)
		}
	}
	w.wants(w.run(carryOut...), 4, "ACTIVE", "approve")
	alive("without approval")
	if w.read("plan.json") != written {
		t.Error("carrying a plan out wrote another plan over it")
	}
	w.wants(w.run("approve", plan), 2, "ann asked for it and cannot approve it")
	w.wants(w.run("respond", "--approve", plan, leak), 2, "say --execute too")
	w.write("altered.json", strings.Replace(written, `"endpoint"`, `"endpoints"`, 1))
	w.wants(w.run("approve", "--by", "ben", w.path("altered.json")), 2, "changed after it was made")
	w.wants(w.run("respond", "--execute", "--policy", policy, "--approve", w.path("altered.json"), leak), 2, "changed after it was made")
	alive("by a plan that was altered")

	w.wants(w.run("approve", "--by", "ben", plan), 0, "Approved by ben", "Nothing was changed", "--approve "+plan)
	alive("by the approval")
	w.leak("b.env", other)
	w.wants(w.run(append(carryOut, w.path("b.env"))...), 4, "DEAD", "ACTIVE")
	if w.agiled.Revoked(k.Token).IsZero() || !w.agiled.Revoked(other.Token).IsZero() {
		t.Error("an approved plan revokes what is in it, and nothing else")
	}
	if w.read("plan.json") != written {
		t.Error("the approved plan was written over")
	}
}

func TestApproveExpires(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	k := w.key("Warehouse sync - production - Ops")
	leak, plan := w.leak("a.env", k), w.path("plan.json")
	w.run("respond", leak, "--plan", plan)
	w.wants(w.run("approve", "--by", "ben", plan), 0)
	w.now = w.now.AddDate(0, 0, 2)
	w.wants(w.run("approve", "--by", "cem", plan), 2, "it expired", "make the plan again")
	w.wants(w.run("respond", "--execute", "--policy", w.policy("approve"), "--approve", plan, leak), 2, "it expired")
	if !w.agiled.Revoked(k.Token).IsZero() {
		t.Error("an expired plan was carried out")
	}
}

// Manual mode gives a work order before it waits, and calls the key dead when the person has revoked it.
func TestManual(t *testing.T) {
	w := newWorld(t)
	w.configure("manual")
	k := w.key("Warehouse sync - production - Ops")
	leak := w.leak("a.env", k)
	w.wants(w.pipe(k.Token, "keys", "add", "--rule", "agiled-api-key", "--integration", "Warehouse sync", "--environment", "production",
		"--owner", "Ops", "--stored-at", "vault/agiled"), 0, "entered")
	waits := 0
	w.look = func() {
		if waits++; waits == 3 {
			if err := w.agiled.RevokeInUI(k.Name); err != nil {
				t.Error(err)
			}
		}
	}
	r := w.run("respond", "--execute", "--policy", w.policy("auto"), leak)
	w.wants(r, 1, "DEAD")
	for _, text := range []string{"work order WO-", `named "Warehouse sync - production - Ops"`, "Settings > API"} {
		if !strings.Contains(r.err, text) {
			t.Errorf("%q is missing in the notes:\n%s", text, r.err)
		}
	}
	for _, sent := range w.forget() {
		if sent.mutating() {
			t.Errorf("manual mode sent %v", sent)
		}
	}

	// Without the person the work order waits, and the next run goes on with it.
	k2 := w.key("Reporting - staging - Data")
	w.look = func() {}
	leak = w.leak("b.env", k2)
	w.wants(w.run("respond", "--execute", "--policy", w.policy("auto"), "--wait", "5m", leak), 4, "work order WO-")
	if err := w.agiled.RevokeInUI(k2.Name); err != nil {
		t.Fatal(err)
	}
	w.wants(w.run("respond", leak), 1, "DEAD")
}

func TestCommandGetsKeyOnStdin(t *testing.T) {
	w := newWorld(t)
	got := w.path("got")
	script := w.write("revoke.sh", "#!/bin/sh\ncat > '"+got+"'\necho \"$@\" > '"+got+".args'\n")
	if err := os.Chmod(script, 0o700); err != nil {
		t.Fatal(err)
	}
	w.configure("command\n    command: [" + script + ", now]")
	k := w.key("Warehouse sync - production - Ops")
	w.look = func() { _ = w.agiled.RevokeInUI(k.Name) } // an error means that it was revoked already
	policy := w.write("policy.yaml", "schema: quash.policy/1\nowners: [{provider: agiled, owner: Acme GmbH}]\nrules:\n  - {match: {}, mode: auto, without_approval: [irreversible]}\n")
	w.wants(w.run("respond", "--execute", "--policy", policy, w.leak("a.env", k)), 1, "DEAD")
	if w.read("got") != k.Token+"\n" || w.read("got.args") != "now\n" {
		t.Errorf("the program got %d bytes and the arguments %q", len(w.read("got")), w.read("got.args"))
	}
}

func TestNeverList(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	k := w.key("Warehouse sync - production - Ops")
	leak := w.leak("a.env", k)
	id := ids(t, w.run("scan", leak, "-f", "jsonl").out)[0]
	for name, never := range map[string]string{"id": "never: {ids: [" + id + "]}\n", "owner": "never: {owners: ['acme*']}\n"} {
		w.wants(w.run("respond", "--execute", "--policy", w.policy("auto", never), leak), 4, "never-revoke list")
		if !w.agiled.Revoked(k.Token).IsZero() {
			t.Errorf("%s: revoked", name)
		}
	}
}

func TestKillSwitch(t *testing.T) {
	t.Run("environment", func(t *testing.T) {
		w := newWorld(t)
		w.endpoint()
		w.env["QUASH_STOP"] = "1"
		leak := w.leak("a.env", w.key("Warehouse sync - production - Ops"))
		for _, args := range [][]string{{"respond", leak, "--plan", w.path("p.json")}, {"scan", "--verify", leak}} {
			w.wants(w.run(args...), 2, "kill switch", "QUASH_STOP is set", "unset it to go on")
		}
		if sent := w.forget(); len(sent) != 0 {
			t.Errorf("the switch was on, and %v was sent", sent)
		}
	})
	t.Run("file in the middle", func(t *testing.T) {
		w := newWorld(t)
		stop := w.path("stop")
		w.endpoint()
		w.configureKill(stop)
		k, other := w.key("Warehouse sync - production - Ops"), w.key("Reporting - staging - Data")
		w.agiled.SetLag(providertest.AgiledLag{Looks: 2})
		w.answer = func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPost {
				w.write("stop", "")
			}
			return false
		}
		r := w.run("respond", "--answers", "1", "--execute", "--policy", w.policy("auto"), w.leak("a.env", k), w.leak("b.env", other), "-o", w.path("run.jsonl"))
		w.wants(r, 4, "kill switch", "remove it to go on")
		if !w.agiled.Revoked(other.Token).IsZero() {
			t.Error("the next key was revoked after the switch was thrown")
		}
		before := len(w.forget())
		w.wants(w.run("respond", "--execute", "--policy", w.policy("auto"), w.path("a.env")), 4, "kill switch", "ordered, not yet dead")
		if len(w.forget()) != 0 || before == 0 {
			t.Error("requests left while the switch was on")
		}
		if err := os.Remove(stop); err != nil {
			t.Fatal(err)
		}
		w.answer = nil
		w.wants(w.run("respond", "--execute", "--policy", w.policy("auto"), w.path("a.env"), w.path("b.env")), 1, "2 of 2")
		intents := 0
		for _, kind := range w.journal("") {
			if kind == "intent" {
				intents++
			}
		}
		if intents != 2 {
			t.Errorf("%d intents for two keys", intents)
		}
	})
}

// configureKill adds a kill file to the configuration.
func (w *world) configureKill(path string) {
	w.t.Helper()
	w.write("config.yaml", w.read("config.yaml")+"kill: {file: "+path+"}\n")
}

// The names in an export may be given in the configuration; --field goes before it.
func TestFieldsOfConfiguration(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	k := w.key("Warehouse sync - production - Ops")
	w.write("config.yaml", w.read("config.yaml")+"fields: {record: nr, author: who}\n")
	export := w.write("tickets.dat", `<liste><eintrag><nr>T-1</nr><who>Ben Cho</who><pruefer>Ann Lee</pruefer><text>AGILED_API_TOKEN=`+k.Token+`</text></eintrag></liste>`)
	args := []string{"scan", "--source", "xml", "--min-confidence", "low", "-f", "jsonl", export}
	w.wants(w.run(args...), 1, `"record":"T-1"`, `"author":"Ben Cho"`)
	w.wants(w.run(append(args, "--field", "author=pruefer")...), 1, `"record":"T-1"`, `"author":"Ann Lee"`)
}

// A saved run is answered from where it was read, with the flags that say how, and with no other flag that it names.
func TestRespondFrom(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	k := w.key("Warehouse sync - production - Ops")
	export := w.write("tickets.dat", `{"nr": "T-1", "who": "Ben Cho", "text": "AGILED_API_TOKEN=`+k.Token+`"}`+"\n")
	run := w.path("run.jsonl")
	w.wants(w.run("scan", "--source", "jsonl", "--field", "record=nr,author=who,text=text", "--min-confidence", "low", export, "-o", run), 1, "T-1")
	w.wants(w.run("respond", "--from", run, "--plan", w.path("plan.json"), "-f", "jsonl"), 4, `"record":"T-1"`, `"author":"Ben Cho"`, `"stage":"planned"`)

	// A run that says --execute does not make the next one execute.
	evil := strings.Replace(w.read("run.jsonl"), `"options":[`, `"options":["--execute=true","--policy=`+w.policy("auto")+`","--wait=1ns","--state=`+w.path("evil")+`",`, 1)
	w.write("evil.jsonl", evil)
	w.wants(w.run("respond", "--from", w.path("evil.jsonl"), "--plan", w.path("plan.json")), 4, "ACTIVE")
	if !w.agiled.Revoked(k.Token).IsZero() {
		t.Fatal("a saved run executed")
	}

	// A key that is gone from there is named, and the run is not complete.
	w.write("tickets.dat", "{\"nr\": \"T-1\"}\n")
	w.wants(w.run("respond", "--from", run), 3, "INCOMPLETE", "not found again")
	w.wants(w.run("respond", "--from", w.path("nowhere.jsonl")), 2, "read run", "no such file")
}

// A run reads a repository's history when it answers, and the review's window opens when the key came in.
func TestReview(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	k := w.key("Warehouse sync - production - Ops")
	w.leak("shop/agiled.env", k)
	w.git("shop", "init", "-q")
	w.git("shop", "add", ".")
	w.git("shop", "commit", "-q", "-m", "connect")
	w.agiled.Fill(w.org.ID, providertest.AgiledFill{Lists: []string{"contacts"}, Before: 3, Inside: 4, From: w.now.AddDate(0, 0, -40), To: w.now})
	repo := w.path("shop")
	id := ids(t, w.run("scan", repo, "-f", "jsonl").out)[0]
	w.wants(w.run("review", id), 1, "nothing was listed", "cannot be seen", "2026-10-01")
	w.wants(w.run("review", id, "--since", "yesterday"), 2, "--since: not a time")
	w.run("respond", repo, "--plan", w.path("plan.json"))
	w.wants(w.run("review", id), 4, "4 contacts", "2026-10-01")
	w.wants(w.run("review", id, "--since", "2026-11-22"), 4, "2026-11-22 00:00", "unchanged: accounts, contacts")
	w.wants(w.run("respond", "--execute", "--policy", w.policy("auto"), repo), 1, "4 contacts")
	w.wants(w.run("review", id), 1, "DEAD", "4 contacts")
	for _, sent := range w.forget() {
		if sent.mutating() && sent.path != providertest.AgiledRevokePath {
			t.Errorf("a review sent %v", sent)
		}
	}
	if err := os.RemoveAll(repo); err != nil {
		t.Fatal(err)
	}
	w.wants(w.run("review", id), 2, "no such file")
}

// Issuers whose revoke is in their rule file: GitHub takes orders in a batch, GitLab lets a key revoke itself.
func TestRespondRuleFiles(t *testing.T) {
	for rule, want := range map[string]string{"github-pat": `"state":"requested"`, "gitlab-pat": `"state":"done"`} {
		t.Run(rule, func(t *testing.T) {
			w := newWorld(t, rule)
			leak := w.write("a.env", "TOKEN="+w.samples[rule].Token+"\n")
			owner := "owners: [{provider: " + w.rule(rule).Provider + ", owner: '*'}]\n"
			if rule == "gitlab-pat" {
				verdict := w.run("scan", "--verify", leak, "-f", "jsonl")
				w.wants(verdict, 4, `"validity":"active"`)
				owner = "owners: [{provider: gitlab, owner: '" + items(t, verdict.out)[2].Verdict.Owner() + "'}]\n"
			}
			policy := w.write("policy.yaml", "schema: quash.policy/1\n"+owner+"rules: [{match: {}, mode: auto, without_approval: [irreversible, collateral]}]\n")
			w.forget()
			r := w.run("respond", "--execute", "--policy", policy, leak, "-f", "jsonl")
			w.wants(r, 1, want, `"confirmed"`)
			if !w.issuers[rule].Revoked() {
				t.Error("not revoked at the issuer")
			}
			n := 0
			for _, sent := range w.issuers[rule].Requests() {
				if sent.Mutating {
					n++
				}
			}
			if n != 1 {
				t.Errorf("%d mutating requests", n)
			}
		})
	}
}

func TestPlanCannotBeWritten(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	leak := w.leak("a.env", w.key("Warehouse sync - production - Ops"))
	w.wants(w.run("respond", leak, "--plan", filepath.Join(leak, "plan.json")), 4, "write plan", "name another file with --plan", "ACTIVE")
}
