package report

import (
	"strings"
	"testing"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// done is the last item of a run that saw everything.
func done() Item {
	return Item{Stats: &Stats{Complete: true, Stats: scanner.Stats{Coverage: scanner.Coverage{Seen: map[string]int{"files": 412, "branches": 1}}}, Ended: at(0, 5)}}
}

func found(ids ...scanner.ID) []Item {
	items := []Item{config()}
	for _, id := range ids {
		items = append(items, tokenAt(id, rules.High, scanner.Location{Path: "a.env", Line: 1}))
	}
	return items
}

// answered is the outcome of the story for a key, or an active verdict of scan --verify for idNotAsked.
func answered(id scanner.ID) Item {
	for _, it := range outcomes() {
		if it.Outcome != nil && it.Outcome.ID == id {
			return it
		}
	}
	return Item{Verdict: &Verdict{ID: id, Rule: "acme-token", Verdict: *active("", at(0, 1))}}
}

func quiet(it Item) Item {
	it.Outcome.Activity = &revoker.Activity{BlindSpots: []string{"reads"}}
	return it
}

func TestVerdict(t *testing.T) {
	incomplete := done()
	incomplete.Stats.Complete = false
	incomplete.Stats.Gaps = []scanner.Gap{{What: "x", Why: "y"}}
	reviewed := Item{Outcome: &revoker.Outcome{ID: idLive, Rule: "acme-token", Stage: revoker.StageUnknown, Activity: deeds()}}
	for name, c := range map[string]struct {
		items    []Item
		sentence string
		mood     mood
		rest     string
	}{
		"clean":            {append(found(), done()), "Clean: no key in 1 branch, 412 files.", moodGood, ""},
		"incomplete":       {append(found(), incomplete), "0 keys in what could be read, but the scan is INCOMPLETE.", moodOpen, ""},
		"cut off":          {found(), "0 keys in what could be read, but the scan is INCOMPLETE.", moodOpen, "The run was CUT OFF before its end."},
		"not asked":        {append(found(idLive, idDead, idDead), done()), "2 keys in 3 places. Not asked of any issuer yet.", moodOpen, ""},
		"live":             {append(found(idLive), answered(idLive), done()), "1 live key is exposed.", moodBad, ""},
		"live, only asked": {append(found(idNotAsked), answered(idNotAsked), done()), "1 live key is exposed.", moodBad, ""},
		"live and cut off": {append(found(idLive), answered(idLive)), "1 live key is exposed.", moodBad, "The run was CUT OFF before its end."},
		"live and dead": {
			append(found(idDead, idLive), answered(idDead), answered(idLive), incomplete), "1 live key is exposed.", moodBad,
			"1 of 2 active keys is proven dead, 1 thing may outlive the keys, the scan is INCOMPLETE.",
		},
		"dead":              {append(found(idDead), quiet(answered(idDead)), done()), "1 of 1 active key is proven dead.", moodGood, ""},
		"dead, with a heir": {append(found(idDead), answered(idDead), done()), "1 of 1 active key is proven dead, but 1 thing may outlive it.", moodOpen, ""},
		"dead, incomplete": {
			append(found(idDead), quiet(answered(idDead)), incomplete), "No live key in what could be read, but the scan is INCOMPLETE.", moodOpen, "The scan is INCOMPLETE.",
		},
		"unknown": {
			append(found(idDead, idUnknown, idLive), quiet(answered(idDead)), answered(idUnknown), done()), "No live key is known, but 2 keys are undecided.", moodOpen,
			"1 key without a clear answer, 1 key not asked of an issuer.",
		},
		"dead already": {append(found(idInactive), answered(idInactive), done()), "No live key: 1 key was found, dead already.", moodGood, ""},
		"only reviewed": {
			append(found(idLive), reviewed, done()), "1 thing may outlive the key.", moodOpen, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := summarize(Run{}, of(c.items...))
			if err != nil {
				t.Fatal(err)
			}
			sentence, mood := s.verdict()
			if sentence != c.sentence || mood != c.mood || s.rest() != c.rest {
				t.Errorf("%q, %s, %q\nwant %q, %s, %q", sentence, mood, s.rest(), c.sentence, c.mood, c.rest)
			}
			for _, format := range []string{"text", "html"} {
				if out := render(t, format, Run{}, c.items...); !strings.Contains(out, c.sentence) {
					t.Errorf("%s does not say so", format)
				}
			}
		})
	}
}

// TestUrgency: keys come in the order in which they matter.
func TestUrgency(t *testing.T) {
	s, err := summarize(Run{}, of(story()...))
	if err != nil {
		t.Fatal(err)
	}
	want := []scanner.ID{idLive, idUnknown, idNotAsked, idDead, idInactive}
	for i, k := range s.keys {
		if k.id != want[i] {
			t.Errorf("key %d is %s, want %s", i, k.id, want[i])
		}
	}
}

// TestTodos: each end of a response names its next step.
func TestTodos(t *testing.T) {
	stage := func(stage revoker.Stage, change func(*revoker.Outcome)) Item {
		o := &revoker.Outcome{ID: idLive, Rule: "acme-token", Stage: stage, Reason: "because", Verdict: active("Warehouse sync", at(0, 1))}
		o.Decision = &revoker.Decision{Action: revoker.Action{Name: "delete", Call: "DELETE https://api.acme.example/self"}}
		if change != nil {
			change(o)
		}
		return Item{Outcome: o}
	}
	needs := func(what string) Item {
		return stage(revoker.StagePlanned, func(o *revoker.Outcome) { o.Decision.Needs = what })
	}
	manual := func(o *revoker.Outcome) {
		o.Receipt = &revoker.Receipt{State: revoker.Manual, Reference: "WO-7", Steps: []string{"Open the settings."}}
	}
	execute := "quash respond --min-confidence=low shop exports/OPS.xml --execute --policy policy.yaml"
	respond := "quash respond --min-confidence=low shop exports/OPS.xml"
	for name, c := range map[string]struct {
		answer        Item
		text, command string
		steps         int
	}{
		"policy":     {needs(revoker.NeedsPolicy), "Revoke the key: allow it by a policy", execute, 0},
		"approval":   {needs(revoker.NeedsApproval), "Let a second person approve the plan", "quash approve plans/today.json", 0},
		"owner":      {needs(revoker.NeedsKnownOwner), "Find out whose key it is", execute, 0},
		"no revoker": {needs(revoker.NeedsRevoker), "Revoke the key by hand: quash cannot", respond, 2},
		"quiet":      {needs(revoker.NeedsHour), "Revoke the key as soon as what holds it back has passed: because.", execute, 0},
		"left":       {stage(revoker.StageLeft, nil), "Revoke the key as soon as", execute, 0},
		"work order": {stage(revoker.StagePending, manual), "Carry out work order WO-7", respond, 1},
		"pending":    {stage(revoker.StagePending, nil), "Look again", respond, 0},
		"failed":     {stage(revoker.StageFailed, nil), "Look at the issuer", respond, 2},
		"asked only": {Item{Verdict: &Verdict{ID: idLive, Rule: "acme-token", Verdict: *active("", at(0, 1))}}, "Plan the revocation", respond, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := summarize(Run{Rules: ruleSet(t)}, of(append(found(idLive), c.answer, done())...))
			if err != nil {
				t.Fatal(err)
			}
			first := s.todos(s.keys[0])[0]
			if !first.Urgent || !strings.HasPrefix(first.Text, c.text) || first.Command != c.command || len(first.Steps) != c.steps {
				t.Errorf("%+v\nwant %q, %q, %d steps", first, c.text, c.command, c.steps)
			}
		})
	}
}

// TestStepsAreFilled: a rule's steps name what the issuer told, and say what it did not tell.
func TestStepsAreFilled(t *testing.T) {
	v := active("", at(0, 1))
	delete(v.Facts, "key_name")
	got := strings.Join(filled([]string{"Open {{organization}}.", "Find {{key_name}}.", "Odd {{ braces"}, v), " ")
	if want := "Open Acme GmbH. Find (key name not known). Odd {{ braces"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestCommandIsQuoted(t *testing.T) {
	c := config()
	c.Config.Targets, c.Config.Options = []string{"my shop", "x;rm -rf ~", "it's"}, []string{"--no-history=true", "--only=[a,b]", "--policy=p", "--source=jira xml",
		"--range=main..HEAD", `--baseline=["a,b",my known]`}
	s, err := summarize(Run{}, of(c, done()))
	if err != nil {
		t.Fatal(err)
	}
	want := `quash respond --no-history --only=a,b --source='jira xml' --range=main..HEAD --baseline=a,b --baseline='my known' 'my shop' 'x;rm -rf ~' 'it'\''s'`
	if got := s.command("respond"); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestWords(t *testing.T) {
	for want, got := range map[string]string{
		"1 key": count(1, "key", "keys"), "1,234,567 keys": count(1234567, "key", "keys"), "-1,000": thousands(-1000), "100": thousands(100),
		"1 branch": counted(1, "branches"), "1 repository": counted(1, "repositories"), "1 access": counted(1, "access"), "2 files": counted(2, "files"),
		"first": ordinal(1), "third": ordinal(3), "4th": ordinal(4), "11th": ordinal(11), "22nd": ordinal(22), "113th": ordinal(113),
		"under 1 s": span(999 * time.Millisecond), "8 s": span(8 * time.Second), "119 min": span(119 * time.Minute), "47 hours": span(47 * time.Hour), "268 days": span(268 * 24 * time.Hour),
		"a, b and 2 more": list([]string{"a", "b", "c", "d"}, 2), "a": list([]string{"a"}, 2), "c0ffee": short("c0ffee"), "''": shell(""), "a/b:1": shell("a/b:1"),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestFormats(t *testing.T) {
	for path, want := range map[string]string{"a.json": "json", "x/run.jsonl": "jsonl", "b.sarif": "sarif", "b.sarif.json": "sarif", "r.html": "html", "r.txt": "text",
		"out/gl-secret-detection-report.json": "gitlab", "x.gitlab.json": "gitlab", "x.junit.xml": "junit", "x.xml": "junit", "x.csv": "csv", "x.md": "markdown"} {
		if got, err := NameOf(path); got != want || err != nil {
			t.Errorf("%s is written as %q, %v; want %s", path, got, err, want)
		}
	}
	if _, err := NameOf("a.pdf"); err == nil || !strings.Contains(err.Error(), strings.Join(Names(), ", ")) || len(Names()) < 9 {
		t.Errorf("error %v does not name the formats", err)
	}
	if _, err := ByName("pdf"); err == nil {
		t.Error("format pdf is known")
	}
}
