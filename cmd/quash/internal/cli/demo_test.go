package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/cli"
	"github.com/quash-sh/quash/report"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
)

// demoEnv runs the program with the machine's clock, as quash demo is run.
func demoEnv(out io.Writer, args ...string) cli.Env {
	return cli.Env{
		Args: args, Stdin: strings.NewReader(""), Stdout: out, Stderr: out, Now: time.Now, Sleep: revoker.SystemClock{}.Sleep,
		LookupEnv: func(string) (string, bool) { return "", false },
	}
}

// places are where keys of the demonstration must be found, and by whom they were put there.
var places = []struct{ path, line, record, field, author string }{
	{"config/agiled.env", ":3", "", "", "Ann Lee"},
	{"reports/settings.yaml", ":3", "", "", "Cem Aydin"},
	{"OPS.xml", "", "OPS-7", "comment 5501", "Ben Cho"},
	{"OPS.xml", "", "OPS-7", "comment 5507", "Cem Aydin"},
}

func TestDemo(t *testing.T) {
	began := time.Now()
	dir := filepath.Join(t.TempDir(), "demo")
	var out bytes.Buffer
	if n := cli.Run(context.Background(), demoEnv(&out, "demo", "--dir", dir)); n != cli.ExitOK {
		t.Fatalf("exit %d\n%s", n, out.String())
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("took %s", took)
	}
	if !strings.Contains(out.String(), dir) {
		t.Error("the end does not name the folder")
	}
	found, outcomes := runOf(t, filepath.Join(dir, "run.jsonl"))
	demoFindings(t, found)
	demoOutcomes(t, found, outcomes)
	demoJournal(t, dir, outcomes)
	demoReport(t, dir, found)
	demoIssuer(t, dir)
	if _, err := revoker.LoadPlan("plan.json", readFile(t, filepath.Join(dir, "plan.json"))); err != nil {
		t.Error(err)
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func runOf(t *testing.T, path string) (found []report.Finding, outcomes map[scanner.ID]revoker.Outcome) {
	t.Helper()
	outcomes = map[scanner.ID]revoker.Outcome{}
	for _, it := range items(t, string(readFile(t, path))) {
		switch {
		case it.Finding != nil:
			found = append(found, *it.Finding)
		case it.Outcome != nil:
			outcomes[it.Outcome.ID] = *it.Outcome
		case it.Stats != nil && !it.Stats.Complete:
			t.Errorf("incomplete: %v", it.Stats.Gaps)
		}
	}
	return found, outcomes
}

// demoFindings wants every place of both live keys, with commit or ticket, and nothing that is no key.
func demoFindings(t *testing.T, found []report.Finding) {
	t.Helper()
	byPlace := map[string]scanner.ID{}
	for _, want := range places {
		i := slices.IndexFunc(found, func(f report.Finding) bool {
			at := f.Location
			return strings.HasSuffix(at.Path, want.path) && at.Record == want.record && at.Field == want.field && at.Author == want.author &&
				(want.record != "" || at.Line == 3 && len(at.Commit) == 40) && !at.Time.IsZero()
		})
		if i < 0 {
			t.Errorf("no finding at %v", want)
			continue
		}
		byPlace[want.path+want.field] = found[i].ID
	}
	if a, b := byPlace["config/agiled.env"], byPlace["OPS.xmlcomment 5501"]; a != b || a == byPlace["reports/settings.yaml"] {
		t.Errorf("one key has one ID: %v", byPlace)
	}
	for _, f := range found {
		if strings.Contains(f.Location.Path, "order.json") || strings.Contains(f.Location.Path, "README") {
			t.Errorf("a look-alike or placeholder is reported at %s", f.Location.Path)
		}
	}
	if len(found) != len(places)+1 {
		t.Errorf("%d findings", len(found))
	}
}

// demoOutcomes wants both live keys proven dead and the third left alone.
func demoOutcomes(t *testing.T, found []report.Finding, outcomes map[scanner.ID]revoker.Outcome) {
	t.Helper()
	for _, f := range found {
		o := outcomes[f.ID]
		dead := f.Location.Path == "scripts/import.sh"
		switch {
		case dead && (o.Stage != revoker.StageDead || o.Receipt != nil || o.Verdict.Validity != revoker.Inactive):
			t.Errorf("the dead key: %s, receipt %v", o.Stage, o.Receipt)
		case !dead && (o.Stage != revoker.StageReviewed || o.Confirmed.Before(o.Revoked) || o.Revoked.IsZero()):
			t.Errorf("%s: %s, revoked %s, confirmed %s", f.Location.Path, o.Stage, o.Revoked, o.Confirmed)
		case !dead && (o.Activity == nil || len(o.Activity.BlindSpots) == 0 || len(o.Activity.Events) == 0):
			t.Errorf("%s: no review", f.Location.Path)
		}
	}
}

// demoJournal wants the proof on record: an intent, a receipt, and a later look that the issuer answered with 401.
func demoJournal(t *testing.T, dir string, outcomes map[scanner.ID]revoker.Outcome) {
	t.Helper()
	byKey := map[scanner.ID][]revoker.Entry{}
	for line := range bytes.Lines(readFile(t, filepath.Join(dir, "state", "journal.jsonl"))) {
		var e revoker.Entry
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		byKey[e.ID] = append(byKey[e.ID], e)
	}
	for id, o := range outcomes {
		kinds := func(k revoker.Kind) int {
			return slices.IndexFunc(byKey[id], func(e revoker.Entry) bool { return e.Kind == k })
		}
		if o.Stage == revoker.StageDead {
			if kinds(revoker.KindIntent) >= 0 || kinds(revoker.KindReceipt) >= 0 {
				t.Errorf("the dead key has an intent")
			}
			continue
		}
		last := slices.IndexFunc(byKey[id], func(e revoker.Entry) bool {
			return e.Kind == revoker.KindLook && e.Verdict.Validity == revoker.Inactive && e.Verdict.Proof.Status == 401
		})
		if intent, receipt := kinds(revoker.KindIntent), kinds(revoker.KindReceipt); intent < 0 || receipt < intent || last < receipt || kinds(revoker.KindConfirmed) < last {
			t.Errorf("%s: intent %d, receipt %d, look with 401 %d, confirmed %d", id, intent, receipt, last, kinds(revoker.KindConfirmed))
		}
	}
}

// demoReport wants the page to name every place of both live keys.
func demoReport(t *testing.T, dir string, found []report.Finding) {
	t.Helper()
	page := string(readFile(t, filepath.Join(dir, "report.html")))
	text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page, "")
	for _, want := range places {
		for _, s := range []string{want.path + want.line, want.record, want.field, want.author} {
			if !strings.Contains(text, s) {
				t.Errorf("the page lacks %q", s)
			}
		}
	}
	for _, f := range found {
		if !strings.Contains(page, string(f.ID)) || f.Location.Commit != "" && !strings.Contains(page, f.Location.Commit[:8]) {
			t.Errorf("the page lacks %s or its commit", f.ID)
		}
	}
}

// demoIssuer wants two orders to revoke among all requests, and none with the dead key that changes anything.
func demoIssuer(t *testing.T, dir string) {
	t.Helper()
	orders := 0
	for line := range strings.Lines(string(readFile(t, filepath.Join(dir, "issuer.txt")))) {
		if strings.Contains(line, "  GET  ") {
			continue
		}
		orders++
		if !strings.Contains(line, "  202  POST /simulator/operator/keys/revoke  the operator's credential") {
			t.Errorf("the issuer got %s", line)
		}
	}
	if orders != 2 {
		t.Errorf("%d orders to revoke for two live keys", orders)
	}
}

// The journal of the demonstration is accepted as it is, and refused when a byte is changed or the last line dropped.
func TestDemoJournalIsGuarded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	if n := cli.Run(context.Background(), demoEnv(io.Discard, "demo", "--dir", dir)); n != cli.ExitOK {
		t.Fatalf("demo ended with %d", n)
	}
	path := filepath.Join(dir, "state", "journal.jsonl")
	whole := readFile(t, path)
	verify := func(data []byte) int {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return cli.Run(context.Background(), demoEnv(io.Discard, "journal", "verify", path))
	}
	if n := verify(whole); n != cli.ExitOK {
		t.Fatalf("the journal as it was written: exit %d", n)
	}
	changed := 0
	for i := range whole {
		if !sampled(whole, i) || testing.Short() && i%5 != 0 {
			continue
		}
		altered, bit := bytes.Clone(whole), []byte{1, 0x20}[i%2] // 0x20 changes the case of a letter
		altered[i] ^= bit
		changed++
		if n := verify(altered); n != cli.ExitUsage {
			t.Fatalf("byte %d of %d changed by %#x: exit %d", i, len(whole), bit, n)
		}
	}
	if changed < 1500 && !testing.Short() {
		t.Errorf("only %d changes were tried", changed)
	}
	last := bytes.LastIndexByte(whole[:len(whole)-1], '\n') + 1
	first := bytes.IndexByte(whole, '\n') + 1
	for name, data := range map[string][]byte{
		"without its last line": whole[:last], "without its first line": whole[first:], "without its last byte": whole[:len(whole)-1],
		"empty": nil, "with a line twice": append(bytes.Clone(whole), whole[last:]...), "with an empty line": append(bytes.Clone(whole), '\n'),
	} {
		if n := verify(data); n != cli.ExitUsage {
			t.Errorf("the journal %s: exit %d", name, n)
		}
	}
	if n := verify(whole); n != cli.ExitOK {
		t.Errorf("the journal put right again: exit %d", n)
	}
}

// sampled picks the first line, both ends of every line, and every 23rd byte.
func sampled(data []byte, i int) bool {
	near := bytes.ContainsRune(data[max(0, i-8):min(len(data), i+8)], '\n')
	return near || i%23 == 0 || i < bytes.IndexByte(data, '\n')
}
