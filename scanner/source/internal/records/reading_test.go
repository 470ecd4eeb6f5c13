package records

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/lex"
)

// told is a chunk or a gap, kept.
type told struct {
	scanner.Location
	text string
	more bool
	gap  *scanner.Gap
}

// outFunc is a function as an Out.
type outFunc func(scanner.Chunk, *scanner.Gap) bool

// Chunk implements Out.
func (f outFunc) Chunk(c scanner.Chunk) bool {
	for text := range c.Apart() {
		if !f(text, nil) {
			return false
		}
	}
	return true
}

// File implements Out: a file is a text.
func (f outFunc) File(from scanner.Location, r io.Reader) bool {
	text, _ := io.ReadAll(io.LimitReader(r, fieldSize))
	return f(scanner.Chunk{Data: text, From: from}, nil)
}

// Gap implements Out.
func (f outFunc) Gap(g *scanner.Gap) bool { return f(scanner.Chunk{}, g) }

// readAs reads an export of a format and returns what it gave.
func readAs(t testing.TB, f *Format, text io.Reader) []told {
	t.Helper()
	return readFields(t, f, text, nil)
}

func readFields(t testing.TB, f *Format, text io.Reader, fields map[string]string) []told {
	t.Helper()
	var all []told
	out := outFunc(func(c scanner.Chunk, gap *scanner.Gap) bool {
		all = append(all, told{Location: c.From, text: string(c.Data), more: c.More, gap: gap})
		return true
	})
	words, err := NewWords(fields)
	if err != nil {
		t.Fatal(err)
	}
	r := newReading(out, "exports/sample", text)
	r.words = words
	r.all(f)
	return all
}

// gapsOf returns the gaps.
func gapsOf(all []told) []*scanner.Gap {
	var gaps []*scanner.Gap
	for _, c := range all {
		if c.gap != nil {
			gaps = append(gaps, c.gap)
		}
	}
	return gaps
}

// find returns the first text that holds a part.
func find(t testing.TB, all []told, part string) told {
	t.Helper()
	for _, c := range all {
		if strings.Contains(c.text, part) {
			return c
		}
	}
	t.Errorf("no text holds the key")
	return told{}
}

// sampleKey makes a text with the shape of a key. It is different in every run.
func sampleKey() string {
	const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	b := []byte("gh" + "p" + "_")
	for range 36 {
		b = append(b, alphabet[rand.IntN(len(alphabet))])
	}
	b[4+rand.IntN(36)] = alphabet[rand.IntN(10)] // by their digits names that could be keys are kept out of places
	return string(b)
}

// sample is a file of testdata/exports with its slots filled: {{key}} by the key, {{name}} by the other words.
func sample(t testing.TB, name string, fill ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "testdata", "exports", name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(fill...).Replace(string(b))
}

// samples are one good export of each format, as Detect must know it.
var exportSamples = map[string]*Format{
	"jira.xml": &jira, "issues.json": &jsonRecords, "tickets.jsonl": &jsonLines, "tickets.xml": &xmlRecords, "tickets.csv": &csvRecords, "box.mbox": &mbox, "mail.eml": &eml,
	"jira.json": &jiraJSON, "jira.csv": &jiraCSV, "zendesk.jsonl": &zendesk, "zendesk.csv": &zendeskCSV,
	"freshdesk.json": &freshdesk, "freshdesk.csv": &freshdeskCSV, "intercom.json": &intercom, "intercom.csv": &intercomCSV,
	"linear.csv": &linear, "github.json": &github, "github-cli.json": &github, "github-comments.json": &githubComments,
	"teams.json": &teams, "teams.html": &teamsHTML, "teams-personal.json": &teamsPersonal,
	"discord.json": &discord, "discord.html": &discordHTML, "trello.json": &trello, "asana.json": &asana, "asana.csv": &asanaCSV,
	"agiled.json": &agiled, "servicenow.xml": &serviceNow, "zendesk.xml": &zendeskXML, "freshdesk.xml": &freshdeskXML,
	"confluence/entities.xml": &confluence, "slack/general/2026-03-04.json": &slack, "gitlab/tree/project/issues.ndjson": &gitlab,
	"github-migration/issues_000001.json": &githubMigration,
}

// TestCutExports cuts every sample at hundreds of places: what was read until then comes, and it never ends without a gap. A table
// or lines cut between two rows look whole, and so do those whose last cell is cut.
func TestCutExports(t *testing.T) {
	for name, f := range exportSamples {
		text := strings.TrimRight(sample(t, name), "\n")
		whole := readAs(t, f, strings.NewReader(text+"\n"))
		if gaps := gapsOf(whole); len(gaps) > 0 {
			t.Fatalf("%s: %v", name, gaps[0])
		}
		silent := 0
		for i := 1; i < len(text); i += max(3, len(text)/400) {
			all := readAs(t, f, strings.NewReader(text[:i]))
			if len(gapsOf(all)) == 0 {
				silent++
				between := text[i] == '\n' || text[i-1] == '\n'
				if ext := path.Ext(name); ext == ".xml" || ext == ".json" || ext == ".eml" || ext == ".jsonl" && !between {
					t.Errorf("%s cut after byte %d of %d ends without a gap", name, i, len(text))
				}
			}
		}
		if silent > len(text)/10 {
			t.Errorf("%s: %d of %d cuts end without a gap", name, silent, len(text))
		}
	}
}

func TestCutTellsWhatToDo(t *testing.T) {
	text := sample(t, "jira.xml")
	at := strings.Index(text, "</comment>")
	gaps := gapsOf(readAs(t, &jira, strings.NewReader(text[:at])))
	want := fmt.Sprintf(`export "exports/sample": cut off at byte %s inside <comment>: 0 of 3 records were read `+
		`(export it again, or accept the part: quash scan --allow-incomplete exports/sample)`, lex.Number(int64(at)))
	if len(gaps) != 1 || gaps[0].Error() != want {
		t.Errorf("%v\nwant %s", gaps, want)
	}
}

// TestBrokenExports breaks samples in the middle: a gap says so, the rest is searched, and reading goes on where it can.
func TestBrokenExports(t *testing.T) {
	key := sampleKey()
	for _, c := range []struct {
		name, old, new string
		f              *Format
		record         string // where the key is found behind the broken place
	}{
		{"jira.xml", "<summary>Sync fails", "<summary></b>" + key, &jira, ""},
		{"jira.xml", "<summary>Sync fails", "<summary></b>", &jira, "OPS-9"},
		{"issues.json", `"body": "The nightly`, `"body" "` + key, &jsonRecords, ""},
		{"tickets.jsonl", `"subject":"Webhook`, `"subject":Webhook`, &jsonLines, "203"},
	} {
		text := strings.Replace(sample(t, c.name, "{{last}}", key), c.old, c.new, 1)
		all := readAs(t, c.f, strings.NewReader(text))
		if len(gapsOf(all)) != 1 {
			t.Errorf("%s: gaps %v, want one", c.name, gapsOf(all))
		}
		if got := find(t, all, key); got.Record != c.record {
			t.Errorf("%s: found in record %q, want %q", c.name, got.Record, c.record)
		}
	}
	if gaps := gapsOf(readAs(t, &jsonLines, strings.NewReader(strings.Repeat("{x\n", 100)))); len(gaps) != maxGaps+1 || !strings.Contains(gaps[maxGaps].Why, "80 more places") {
		t.Errorf("100 bad lines: %d gaps", len(gaps))
	}
	if gaps := gapsOf(readAs(t, &jsonLines, strings.NewReader("{\"a\":1}\n{\"a\n{\"a\":2}\n"))); len(gaps) != 1 || !strings.Contains(gaps[0].Why, "(line 2)") {
		t.Errorf("a bad line is not named: %v", gaps)
	}
}

// TestNothingIsHidden puts a key at hundreds of places of the samples: whatever that breaks, it is searched, or the
// scan is incomplete.
func TestNothingIsHidden(t *testing.T) {
	key := sampleKey()
	for name, f := range exportSamples {
		text := sample(t, name)
		for i := 0; i <= len(text); i += max(7, len(text)/300) {
			all := readAs(t, f, strings.NewReader(text[:i]+key+text[i:]))
			hidden := true
			for _, c := range all {
				hidden = hidden && !strings.Contains(c.text, key)
			}
			short := i > 0 && strings.ContainsAny(text[i-1:i], `\&;`) // inside an escape it is not the key any more
			if hidden && !short && len(gapsOf(all)) == 0 {
				t.Errorf("%s: a key at byte %d is not searched: %q", name, i, text[max(0, i-20):i])
			}
		}
	}
}

func TestReadErrorIsAGap(t *testing.T) {
	boom := errors.New("disk on fire")
	for name, f := range exportSamples {
		text := sample(t, name)
		all := readAs(t, f, io.MultiReader(strings.NewReader(text[:len(text)/2]), iotest.ErrReader(boom)))
		gaps := gapsOf(all)
		if len(gaps) != 1 || !errors.Is(gaps[0], boom) {
			t.Errorf("%s: %v", name, gaps)
		}
	}
}

func TestEarlyStop(t *testing.T) {
	for name, f := range exportSamples {
		text := sample(t, name)
		for stop := 1; stop < 40; stop += 3 {
			n := 0
			out := outFunc(func(scanner.Chunk, *scanner.Gap) bool { n++; return n < stop })
			r := newReading(out, "x", strings.NewReader(text))
			r.words = noWords()
			r.all(f)
			if n > stop {
				t.Errorf("%s: told %d after it was stopped at %d", name, n, stop)
			}
		}
	}
}

// TestLongTexts reads texts of several MiB: they come in parts that overlap, so that a key is whole in one of them wherever
// it stands, and in each view.
func TestLongTexts(t *testing.T) {
	key := sampleKey()
	split := key[:10] + "&lt;em&gt;" + key[10:20] + "&lt;/em&gt;" + key[20:]
	for _, filler := range []string{"some words and a line\n", "x"} {
		for _, at := range []int{0, fieldSize - 20, fieldSize - fieldOverlap, 2*fieldSize + 100, 5*fieldSize - 3} {
			long := strings.Repeat(filler, 5*fieldSize/len(filler))
			text := `<rss><channel><item><key id="1">OPS-1</key><description>` + long[:min(at, len(long))] + " " + split + " " + long[min(at, len(long)):] +
				"</description></item></channel></rss>"
			got := find(t, readAs(t, &jira, strings.NewReader(text)), key)
			if got.View != "html-text" || got.Record != "OPS-1" || got.Field != "description" || len(got.text) > fieldSize+fieldOverlap {
				t.Errorf("%.5q %d: %+v, %d bytes", filler, at, got.Location, len(got.text))
			}
		}
	}
}

// TestMemory streams generated exports of 200 MB through each parser, with one record of a third of that among them.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 200 MB for each format")
	}
	words := strings.Repeat("sync fails after the deploy \\u0026 more ", 40)
	for _, c := range []struct {
		f                                       *Format
		head, begin, inside, end, between, tail string
	}{
		{f: &jira, head: "<rss><channel>", begin: `<item><key id="1">OPS-1</key><comments>`, inside: `<comment id="5" author="ann">` + words + `&lt;em&gt;x&lt;/em&gt;</comment>`, end: "</comments></item>", tail: "</channel></rss>"},
		{f: &jsonRecords, head: `{"issues":[`, begin: `{"id":1,"comments":["x"`, inside: `,{"id":5,"body":"` + words + `"}`, end: "]}", between: ",", tail: "]}"},
		{f: &jsonRecords, head: "[", begin: `{"id":1,"a":["x"`, inside: `,"y"`, end: "]}", between: ",", tail: "]"},
		{f: &jsonRecords, head: "[", begin: `{"id":1`, inside: `,"a":{"b":[{}]}`, end: "}", between: ",", tail: "]"},
		{f: &csvRecords, begin: "a", inside: ",y", end: "\n"},
		{f: &jsonLines, begin: `{"id":1,"comments":["x"`, inside: `,{"id":5,"body":"` + words + `"}`, end: "]}\n"},
		{f: &csvRecords, head: "Issue key,Summary,Created,Comment\n", begin: "OPS-1,x,2026-01-01,\"", inside: words + `"" <em>x</em>` + "\n", end: "\"\n"},
		{f: &jiraJSON, head: `{"issues":[`, begin: `{"key":"OPS-1","fields":{"comment":{"comments":["x"`, inside: `,{"id":5,"body":{"content":[{"text":"` + words + `"},{"text":"b"}]}}`, end: "]}}}", between: ",", tail: "]}"},
		{f: &zendesk, begin: `{"id":1,"description":"x","comments":[{}`, inside: `,{"id":5,"body":"` + words + `"}`, end: "]}\n"},
		{f: &trello, head: `{"id":"b","actions":[{}`, begin: `,{"id":"a","data":{"old":{"desc":"`, inside: words, end: `"},"card":{"id":"c"}}}`, tail: "]}"},
		{f: &linear, head: "ID,Team,Title,Description,Cycle Number\n", begin: "OPS-1,T,x,\"'=", inside: words + "\n", end: "\",\n"},
		{f: &xmlRecords, head: "<tickets>", begin: `<ticket><id>1</id>`, inside: `<note id="5">` + words + `</note>`, end: "</ticket>", tail: "</tickets>"},
		{f: &xmlRecords, head: "<tickets>", begin: `<ticket><id>1</id><text>`, inside: words + "<b>x</b>", end: "</text></ticket>", tail: "</tickets>"},
		{f: &mbox, begin: mailBegin + "\n", inside: "Content of the mail, as people write it: " + words + "\n", end: "\n"},
		{f: &mbox, begin: mailBegin + "X-Long:", inside: " of it " + words + "\n", end: "\n\n"},
		{f: &mbox, begin: mailBegin, inside: "X-Header: " + words + "\n", end: "\n\n"},
		{f: &mbox, begin: mailBegin + "Content-Transfer-Encoding: base64\nContent-Type: application/zip\n\n", inside: strings.Repeat("UEsD", 19) + "\n", end: "\n"},
		{f: &mbox, begin: mailBegin + "Content-Transfer-Encoding: quoted-printable\n\n", inside: words + "=20=\n", end: "\n\n"},
		{f: &mbox, begin: mailBegin + "Content-Type: multipart/mixed; boundary=b\n\n", inside: "--b\n\n" + words + "\n", end: "--b--\n\n"},
	} {
		t.Run(c.f.Name, func(t *testing.T) {
			r, w := io.Pipe()
			go func() {
				fmt.Fprint(w, c.head)
				most := 200 << 20
				if len(c.inside) < 20 { // a text for every few bytes: less will do
					most /= 16
				}
				for sent, n := 0, 0; sent < most; n++ {
					if n > 0 {
						fmt.Fprint(w, c.between)
					}
					fmt.Fprint(w, c.begin)
					size := 20 << 10
					if n == 5 {
						size = most / 3
					}
					block := strings.Repeat(c.inside, 1+4096/len(c.inside))
					for i := 0; i < size; i += len(block) {
						io.WriteString(w, block)
						sent += len(block)
					}
					fmt.Fprint(w, c.end)
				}
				fmt.Fprint(w, c.tail)
				w.Close()
			}()
			heap := heapWhile(t, func() { readThrough(t, c.f, r) })
			t.Logf("the heap held at most %d MiB", heap>>20)
			if limit := uint64(64 << 20); heap > limit {
				t.Errorf("the heap grew to %d MiB", heap>>20)
			}
		})
	}
}

// readThrough reads an export and forgets what it gives.
func readThrough(t testing.TB, f *Format, text io.Reader) {
	out := outFunc(func(_ scanner.Chunk, gap *scanner.Gap) bool {
		if gap != nil {
			t.Errorf("%v", gap)
		}
		return true
	})
	r := newReading(out, "x", text)
	r.words = noWords()
	r.all(f)
}

// heapWhile returns the most that the heap held while f ran.
func heapWhile(t *testing.T, f func()) uint64 {
	t.Helper()
	done, most := make(chan struct{}), make(chan uint64)
	go func() {
		var peak uint64
		for {
			select {
			case <-done:
				most <- peak
				return
			case <-time.After(20 * time.Millisecond):
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
		}
	}()
	f()
	close(done)
	return <-most
}

// fuzzExport checks what holds for any input: the parser ends, gives pieces that follow each other, and either reads a whole
// export or leaves a gap.
func fuzzExport(f *testing.F, name string, x *Format) {
	text := sample(f, name)
	f.Add([]byte(text))
	f.Add([]byte(text[:len(text)/2]))
	f.Fuzz(func(t *testing.T, b []byte) {
		all := readAs(t, x, strings.NewReader(string(b)))
		for i, c := range all {
			if c.more && (i+1 == len(all) || all[i+1].gap != nil || all[i+1].Record != "") {
				t.Errorf("a piece is not continued")
			}
			if c.gap == nil && c.Path == "" {
				t.Errorf("a chunk without a path")
			}
		}
	})
}

func FuzzJiraJSON(f *testing.F)       { fuzzExport(f, "jira.json", &jiraJSON) }
func FuzzJiraCSV(f *testing.F)        { fuzzExport(f, "jira.csv", &jiraCSV) }
func FuzzZendesk(f *testing.F)        { fuzzExport(f, "zendesk.jsonl", &zendesk) }
func FuzzZendeskCSV(f *testing.F)     { fuzzExport(f, "zendesk.csv", &zendeskCSV) }
func FuzzFreshdesk(f *testing.F)      { fuzzExport(f, "freshdesk.json", &freshdesk) }
func FuzzFreshdeskCSV(f *testing.F)   { fuzzExport(f, "freshdesk.csv", &freshdeskCSV) }
func FuzzIntercom(f *testing.F)       { fuzzExport(f, "intercom.json", &intercom) }
func FuzzIntercomCSV(f *testing.F)    { fuzzExport(f, "intercom.csv", &intercomCSV) }
func FuzzLinear(f *testing.F)         { fuzzExport(f, "linear.csv", &linear) }
func FuzzGitHub(f *testing.F)         { fuzzExport(f, "github.json", &github) }
func FuzzGitHubComments(f *testing.F) { fuzzExport(f, "github-comments.json", &githubComments) }
func FuzzTeams(f *testing.F)          { fuzzExport(f, "teams.json", &teams) }
func FuzzDiscord(f *testing.F)        { fuzzExport(f, "discord.json", &discord) }
func FuzzDiscordHTML(f *testing.F)    { fuzzExport(f, "discord.html", &discordHTML) }
func FuzzTeamsPersonal(f *testing.F)  { fuzzExport(f, "teams-personal.json", &teamsPersonal) }
func FuzzTeamsHTML(f *testing.F)      { fuzzExport(f, "teams.html", &teamsHTML) }
func FuzzTrello(f *testing.F)         { fuzzExport(f, "trello.json", &trello) }
func FuzzAsana(f *testing.F)          { fuzzExport(f, "asana.json", &asana) }
func FuzzAsanaCSV(f *testing.F)       { fuzzExport(f, "asana.csv", &asanaCSV) }
func FuzzAgiled(f *testing.F)         { fuzzExport(f, "agiled.json", &agiled) }
func FuzzXML(f *testing.F)            { fuzzExport(f, "tickets.xml", &xmlRecords) }

func FuzzMbox(f *testing.F)      { fuzzExport(f, "box.mbox", &mbox) }
func FuzzMail(f *testing.F)      { fuzzExport(f, "mail.eml", &eml) }
func FuzzJira(f *testing.F)      { fuzzExport(f, "jira.xml", &jira) }
func FuzzJSON(f *testing.F)      { fuzzExport(f, "issues.json", &jsonRecords) }
func FuzzJSONLines(f *testing.F) { fuzzExport(f, "tickets.jsonl", &jsonLines) }
func FuzzCSV(f *testing.F)       { fuzzExport(f, "jira.csv", &csvRecords) }

func BenchmarkExports(b *testing.B) {
	for name, f := range exportSamples {
		text := sample(b, name)
		cut := map[string][3]string{ // where the records begin and end, and what parts them; other samples are repeated whole
			"jira.xml": {"<item>", "</channel>", ""}, "issues.json": {"  {\n    \"number\"", "\n  ]", ","},
			"tickets.jsonl": {"{", "\n", "\n"}, "jira.csv": {"Sync", "\n", "\n"},
			"jira.json": {"    {\n      \"expand\"", "\n  ]", ","}, "tickets.xml": {"  <ticket ", "</tickets>", ""},
		}[name]
		from, to := strings.Index(text, cut[0]), strings.LastIndex(text, cut[1])
		long := text[:from] + strings.Repeat(text[from:to]+cut[2], 500) + text[from:]
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(long)))
			b.ReportAllocs()
			for b.Loop() {
				r := newReading(nobody{}, "x", strings.NewReader(long))
				r.words = noWords()
				r.all(f)
			}
		})
	}
}
