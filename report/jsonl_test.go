package report

import (
	"encoding/json"
	"errors"
	"iter"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestReadRoundTrip(t *testing.T) {
	roundTrip(t, story(), render(t, "jsonl", Run{}, story()...))
}

// lines are the story's lines.
func lines(t testing.TB) []string {
	t.Helper()
	return strings.SplitAfter(strings.TrimSuffix(render(t, "jsonl", Run{}, story()...), "\n"), "\n")
}

func TestReadRefuses(t *testing.T) {
	all := lines(t)
	config, finding, stats := all[0], all[2], all[len(all)-1]
	for name, c := range map[string]struct{ stream, want string }{
		"nothing":            {"", "read run: it is empty"},
		"blank lines":        {"\n \n", "read run: it is empty"},
		"cut off":            {config + finding, "read run: it ends without stats, so it was cut off"},
		"cut in a line":      {config + finding[:40], "read run: line 2 is not JSON"},
		"no config":          {finding + stats, "read run: line 1 is not the config of a " + Schema + " stream"},
		"config later":       {"\n" + finding + config + stats, "read run: line 2 is not the config"},
		"another version":    {strings.Replace(config, Schema, "quash.run/0", 1), "read run: line 1 is not the config of a " + Schema + " stream"},
		"two runs":           {config + stats + "\n" + config + stats, "read run: line 3 follows stats"},
		"two configs":        {config + config + stats, "read run: line 2 is a second config"},
		"not an object":      {config + "[]\n", "read run: line 2 is not a JSON object that names its kind"},
		"no kind":            {config + "{}\n", "read run: line 2 is not a JSON object that names its kind"},
		"no item":            {config + `{"finding":null}` + "\n", "read run: line 2 holds no item"},
		"two kinds":          {config + `{"finding":{"id":"q","rule":"r"},"stats":{}}` + "\n", "read run: line 2 has more than the one field"},
		"one kind twice":     {config + `{"progress":{},"progress":{}}` + "\n", "read run: line 2 has more than the one field"},
		"two objects":        {config + `{"progress":{}}{"progress":{}}` + "\n", "read run: line 2 holds more than one object"},
		"unknown kind":       {config + `{"findings":{}}` + "\n", `read run: line 2 is of no kind that quash.run/1 has: "findings"`},
		"kind in upper case": {config + `{"Finding":{"id":"q","rule":"r"}}` + "\n", `read run: line 2 is of no kind`},
		"unknown field":      {config + strings.Replace(finding, `"id"`, `"key":1,"id"`, 1), `read run: line 2 cannot be read: json: unknown field "key"`},
		"no subject":         {config + `{"finding":{}}` + "\n", "read run: line 2 is a finding that does not say what it is about"},
	} {
		t.Run(name, func(t *testing.T) {
			var last error
			for _, err := range Read(strings.NewReader(c.stream)) {
				if last != nil {
					t.Fatal("something follows the error")
				}
				last = err
			}
			if last == nil || !strings.HasPrefix(last.Error(), c.want) {
				t.Errorf("error %v, want %s", last, c.want)
			}
		})
	}
}

func TestReadStops(t *testing.T) {
	stream := render(t, "jsonl", Run{}, story()...)
	for range Read(strings.NewReader(stream)) {
		break // must not go on
	}
	cause := errors.New("disk on fire")
	for _, err := range Read(iotest.ErrReader(cause)) {
		if !errors.Is(err, cause) {
			t.Errorf("error %v", err)
		}
	}
}

// TestEveryFormatReturnsTheError: a format that is given an error instead of an item returns it.
func TestEveryFormatReturnsTheError(t *testing.T) {
	cause := errors.New("cut off")
	broken := iter.Seq2[Item, error](func(yield func(Item, error) bool) {
		_ = yield(config(), nil) && yield(Item{}, cause)
	})
	for _, name := range Names() {
		f, err := ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Write(&strings.Builder{}, Run{}, broken); !errors.Is(err, cause) {
			t.Errorf("%s returns %v", name, err)
		}
		if err := f.Write(fullDisk{}, Run{}, of(story()...)); !errors.Is(err, errFull) {
			t.Errorf("%s hides that it could not write: %v", name, err)
		}
	}
}

var errFull = errors.New("no space left")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func FuzzRead(f *testing.F) {
	all := lines(f)
	for _, line := range all {
		f.Add([]byte(all[0] + line))
	}
	f.Add([]byte(all[0] + `{"finding":{"id":"q","rule":"r"},"plan":{"schema":"x"}}` + "\n"))
	f.Add([]byte(`{"config":{"schema":"` + Schema + `"}}` + "\n" + `{"stats":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for it, err := range Read(strings.NewReader(string(data))) {
			if err != nil {
				return
			}
			kinds := 0
			for _, set := range []bool{it.Config != nil, it.Progress != nil, it.Finding != nil, it.Verdict != nil, it.Plan != nil, it.Outcome != nil, it.Stats != nil} {
				if set {
					kinds++
				}
			}
			if kinds != 1 {
				t.Fatalf("an item of %d kinds", kinds)
			}
		}
	})
}

// TestEscapeHidden: whatever text is in a value, the JSON says the same and holds no hidden character.
func TestEscapeHidden(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.RuneFrom([]rune("a\x1b\u009b\u202e\u2028\U000e0041\\\"<\u00a0")))).Draw(t, "text")
		if !utf8.ValidString(text) {
			t.Skip()
		}
		var b strings.Builder
		if err := encode(&b, map[string]string{text: text}, ""); err != nil {
			t.Fatal(err)
		}
		var back map[string]string
		if err := json.Unmarshal([]byte(b.String()), &back); err != nil || back[text] != text {
			t.Fatalf("%q came back as %q: %v", text, back, err)
		}
		if line := strings.TrimSuffix(b.String(), "\n"); strings.ContainsFunc(line, hidden) {
			t.Fatalf("hidden characters in %q", line)
		}
	})
}
