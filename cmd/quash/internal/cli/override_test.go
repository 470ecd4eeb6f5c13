package cli_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/quash-sh/quash/report"
	"github.com/quash-sh/quash/revoker"
)

// foundIDs are the keys of a stream with the reasons of their first place.
func foundIDs(t *testing.T, stream string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, it := range items(t, stream) {
		if it.Finding != nil {
			all[string(it.Finding.ID)] = it.Finding.Reasons
		}
	}
	return all
}

func statsOf(t *testing.T, stream string) *report.Stats {
	t.Helper()
	all := items(t, stream)
	return all[len(all)-1].Stats
}

// An active key overrides an ignore: a run that asks issuers reports an allowed key that is live, and no other allowed key.
func TestActiveKeyOverridesAllow(t *testing.T) {
	for _, how := range []string{"ignore file", "baseline", "comment"} {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t)
			w.configure("manual")
			live, dead := w.key("Warehouse sync - production - Ops"), w.key("Reporting - staging - Data")
			w.leak("in/live.env", live)
			w.leak("in/dead.env", dead)
			if err := w.agiled.RevokeInUI(dead.Name); err != nil {
				t.Fatal(err)
			}
			all := ids(t, w.run("scan", w.path("in"), "-f", "jsonl").out)
			if len(all) != 2 {
				t.Fatalf("%d keys", len(all))
			}
			w.forget()
			w.wants(w.run("scan", "--verify", w.path("in")), 4)
			asked := len(w.forget())
			args := []string{w.path("in"), "-f", "jsonl"}
			switch how {
			case "ignore file":
				w.write("in/.quashignore", all[0]+" reason=a\n"+all[1]+" reason=b\n")
			case "baseline":
				args = append(args, "--baseline", w.write("known", all[0]+"\n"+all[1]+"\n"))
			case "comment":
				w.write("in/live.env", strings.TrimSpace(w.read("in/live.env"))+" # quash:allow sandbox\n")
				w.write("in/dead.env", strings.TrimSpace(w.read("in/dead.env"))+" # quash:allow sandbox\n")
			}
			r := w.wants(w.run(append([]string{"scan"}, args...)...), 0)
			if st := statsOf(t, r.out); st.Allowed != 2 || len(w.forget()) != 0 {
				t.Errorf("a scan that asks nobody: %+v", st)
			}
			r = w.wants(w.run(append([]string{"scan", "--verify"}, args...)...), 4, "is allowed, and live: it is reported all the same")
			id := onlyLive(t, r.out)
			if n := len(w.forget()); n != asked {
				t.Errorf("the issuer was asked %d times, %d for the same keys without an ignore", n, asked)
			}

			r = w.wants(w.run(append([]string{"respond", "--plan", w.path("plan.json")}, args...)...), 4)
			if onlyLive(t, r.out) != id {
				t.Error("respond reports another key")
			}
			outcomes := slices.DeleteFunc(items(t, r.out), func(it report.Item) bool { return it.Outcome == nil })
			if len(outcomes) != 1 || string(outcomes[0].Outcome.ID) != id || outcomes[0].Outcome.Stage != revoker.StagePlanned {
				t.Errorf("outcomes %+v", outcomes)
			}
			w.wants(w.run("show", id), 0, "live.env")
		})
	}
}

// onlyLive is the one key of a stream, which says why it is there; the other is counted.
func onlyLive(t *testing.T, stream string) string {
	t.Helper()
	found := foundIDs(t, stream)
	if st := statsOf(t, stream); len(found) != 1 || st.Findings != 1 || st.Keys != 1 || st.Allowed != 1 {
		t.Fatalf("%d found; %+v", len(found), st)
	}
	for id, reasons := range found {
		if !slices.ContainsFunc(reasons, func(s string) bool { return strings.Contains(s, "overrides an ignore") }) {
			t.Errorf("nothing says why it is reported: %q", reasons)
		}
		return id
	}
	return ""
}

// An allowed key whose issuer gives no clear answer, or has none to ask, stays allowed.
func TestAllowedKeyStaysAllowed(t *testing.T) {
	w := newWorld(t)
	w.configure("manual")
	w.leak("in/a.env", w.key("Warehouse sync - production - Ops"))
	w.sim.Hosts[agiledHost+":443"] = "127.0.0.1:1"
	id := ids(t, w.run("scan", w.path("in"), "-f", "jsonl").out)[0]
	w.write("in/.quashignore", id+" reason=a\n")
	r := w.wants(w.run("scan", "--verify", w.path("in"), "-f", "jsonl"), 0)
	if st := statsOf(t, r.out); st.Allowed != 1 || st.Findings != 0 || len(st.Unchecked) != 0 {
		t.Errorf("%+v", st)
	}
}
