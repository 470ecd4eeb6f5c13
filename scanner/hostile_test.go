package scanner

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quash-sh/quash/rules"
)

// crowds are texts of about size bytes made of a rule's keys, of pieces of them and of what stands beside them, as close together as they
// can be.
func crowds(r *rules.Rule, size int) map[string]string {
	rnd := testRand(7)
	var samples []rules.Sample
	for range 40 {
		samples = append(samples, r.Sample(rnd))
	}
	bare := rules.Sample{Parts: maps.Clone(samples[0].Parts)} // what stands beside keys, without any
	units := map[string]func(i int) string{
		"keys":     func(i int) string { return samples[i%len(samples)].Text },
		"one key":  func(int) string { return samples[0].Text },
		"begun":    func(i int) string { t := samples[i%len(samples)].Text; return t[:len(t)*3/4] },
		"ends":     func(i int) string { t := samples[i%len(samples)].Text; return t[len(t)/3:] },
		"keyword":  func(int) string { return r.Keywords[0] },
		"keyword=": func(int) string { return r.Keywords[0] + "=" },
	}
	for n, example := range r.Examples.Match[:min(2, len(r.Examples.Match))] {
		units[fmt.Sprint("example ", n)] = func(i int) string { return fill(example, samples[i%len(samples)]) }
		units[fmt.Sprint("beside ", n)] = func(int) string { return fill(example, bare) }
		units[fmt.Sprint("few parts ", n)] = func(i int) string {
			if i%8 == 0 {
				return fill(example, samples[i%len(samples)])
			}
			return samples[i%len(samples)].Text
		}
	}
	texts := map[string]string{}
	for name, unit := range units {
		if unit(0) == "" {
			continue // an example that is a key and no more has nothing beside it
		}
		for _, between := range []string{"", " ", "\n", "{"} {
			var b strings.Builder
			for i := 0; b.Len() < size; i++ {
				b.WriteString(unit(i) + between)
			}
			texts[fmt.Sprintf("%s between %q", name, between)] = b.String()
		}
	}
	return texts
}

// perByte is what a text costs to search, in nanoseconds a byte: the least of some runs, since the machine has other work.
func perByte(s *Scanner, text []byte, runs int) float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	least := time.Hour
	for range runs {
		start := worked()
		for range s.Find(Chunk{Data: text}) {
		}
		least = min(least, worked()-start)
	}
	return float64(least.Nanoseconds()) / float64(len(text))
}

// mostTimes is how many times more a byte of a hostile text may cost than one of a text without keys. Of keys that stand close together,
// each is judged, which costs some ten times what its bytes do; what this test is about costs thousands of times.
const mostTimes = 300

// TestHostileTextsCostLittle: no text made of a rule's keys, or of what they are made of, stalls a scan. It looks at some of the rules, at
// all with QUASH_LOAD=full, and then lists what is dearest:
//
//	QUASH_LOAD=full go test ./scanner -run HostileTexts -v -timeout 30m
func TestHostileTextsCostLittle(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures time, and takes some")
	}
	set, n, full := builtinRules(t), 0, os.Getenv("QUASH_LOAD") == "full"
	usual := perByte(builtinScanner(t), []byte(filler(testRand(1), 1<<18)), 3)
	type cost struct {
		ns           float64
		effort       int64 // per byte
		rule, crowds string
	}
	var all []cost
	for r := range set.All() {
		if n++; !full && n%24 != 0 && (len(r.Near) == 0 || n%4 != 0) {
			continue
		}
		s := testScannerOf(t, set, Options{Only: []string{r.ID}})
		s.ids.memory = 8
		s.noViews = true
		size := 4 << 10
		if full {
			size = 8 << 10
		}
		texts := crowds(r, size)
		for _, name := range slices.Sorted(maps.Keys(texts)) {
			text := []byte(texts[name])
			ns := perByte(s, text, 1)
			for try := 0; ns > mostTimes*usual && try < 4; try++ { // what is compiled first, or the machine
				ns = min(ns, perByte(s, text, 1))
			}
			if ns > mostTimes*usual {
				t.Errorf("%s: %s costs %.0f ns a byte, usual text %.0f", r.ID, name, ns, usual)
			}
			if full {
				all = append(all, cost{ns, spentOn(s, text) / int64(len(text)), r.ID, name})
			}
		}
	}
	slices.SortFunc(all, func(a, b cost) int { return cmp.Compare(b.ns, a.ns) })
	for _, c := range all[:min(20, len(all))] {
		t.Logf("%5.0f ns and an effort of %d a byte: %s, %s", c.ns, c.effort, c.rule, c.crowds)
	}
}

// TestRunsCostLittle: a text of one byte over and over, as holes in files are, costs little with all rules and views.
func TestRunsCostLittle(t *testing.T) {
	if testing.Short() {
		t.Skip("it measures time")
	}
	s := builtinScanner(t)
	usual := perByte(s, []byte(filler(testRand(1), 1<<18)), 3)
	for c := range 256 {
		text := bytes.Repeat([]byte{byte(c)}, 128<<10)
		most := 16 * usual
		if c == 0 {
			most = 4 * usual
		}
		cost := perByte(s, text, 2)
		for try := 0; cost > most && try < 4; try++ {
			cost = min(cost, perByte(s, text, 2))
		}
		if cost > most {
			t.Errorf("a run of %#x costs %.0f ns a byte, usual text %.0f", c, cost, usual)
		}
	}
}

// TestCrowdOfHalves: of more halves than can be told apart none is taken, and no key is lost by that.
func TestCrowdOfHalves(t *testing.T) {
	s := testScannerOf(t, builtinRules(t), Options{Only: []string{"generic-jwk"}})
	rule, _ := s.Rules().Rule("generic-jwk")
	rnd := testRand(3)
	key := func() string { return fill(rule.Examples.Match[0], rule.Sample(rnd)) + "\n" }
	far := strings.Repeat("far away\n", 4000)
	crowd := strings.Repeat(`"kty":"oct",`, crowd) + key()
	const many = "too many places of kty near by, none taken"
	for text, want := range map[string][]string{
		key():                     {""},
		crowd:                     {many},
		key() + far + crowd + far: {"", many},
		crowd + far + key():       {many, ""},
	} {
		var got []string
		for f := range s.Find(Chunk{Data: []byte(text)}) {
			why := ""
			if slices.Contains(f.Reasons, many) {
				why = many
			}
			if _, ok := f.Parts["kty"]; ok != (why == "") {
				t.Errorf("parts %v, because of %q", slices.Sorted(maps.Keys(f.Parts)), why)
			}
			got = append(got, why)
		}
		if !slices.Equal(got, want) {
			t.Errorf("found %q, want %q", got, want)
		}
	}
}
