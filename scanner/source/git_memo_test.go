package source

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// unplaced is a source whose chunks say nothing of each other, unless told tells, and which places nothing.
type unplaced struct {
	scanner.Source
	told bool
}

func (u unplaced) Chunks(ctx context.Context) iter.Seq2[scanner.Chunk, error] {
	return func(yield func(scanner.Chunk, error) bool) {
		for c, err := range u.Source.Chunks(ctx) {
			if !u.told {
				c.Copies, c.Base, c.Memo = nil, nil, nil
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

func (u unplaced) Split(n int) []scanner.Source {
	parts := u.Source.(scanner.Splitter).Split(n)
	for i := range parts {
		parts[i] = unplaced{parts[i], u.told}
	}
	return parts
}

func (u unplaced) Coverage() scanner.Coverage { return u.Source.(scanner.Counter).Coverage() }

// byBlob hashes, for each blob of a repository, what is found in it.
func byBlob(t testing.TB, name string, told bool) (map[string][sha256.Size]byte, scanner.Stats) {
	t.Helper()
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanner.New(set, scanner.Options{KeepAllowed: true})
	if err != nil {
		t.Fatal(err)
	}
	src, err := Open(t.Context(), name, Options{NoWorktree: true})
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string][]string{}
	stats, err := s.Scan(t.Context(), unplaced{src, told}, scanner.SinkFunc(func(_ context.Context, f scanner.Finding) error {
		line, err := json.Marshal(struct {
			scanner.Finding
			Token [sha256.Size]byte
			Parts int
		}{f, sha256.Sum256([]byte(fmt.Sprint(f.ID, f.Token().Len()))), len(f.Parts)})
		lines[f.At.Blob] = append(lines[f.At.Blob], string(line))
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string][sha256.Size]byte{}
	for blob, all := range lines {
		slices.Sort(all)
		sums[blob] = sha256.Sum256([]byte(fmt.Sprint(all)))
	}
	return sums, stats
}

// sameByBlob checks that a history gives the same findings, blob by blob, whether or not the scanner is told which of their bytes are
// copies. It returns how many blobs were read and in how many something was found.
func sameByBlob(t testing.TB, name string) (blobs, hit int) {
	t.Helper()
	want, whole := byBlob(t, name, false)
	got, told := byBlob(t, name, true)
	differ := 0
	for blob, sum := range want {
		if got[blob] != sum {
			differ++
			t.Errorf("blob %s: findings differ", blob)
		}
	}
	for blob := range got {
		if _, ok := want[blob]; !ok {
			differ++
			t.Errorf("blob %s: found only where copies are told", blob)
		}
	}
	if whole.Findings != told.Findings || whole.Unsure != told.Unsure || len(whole.Gaps) != len(told.Gaps) || whole.Bytes != told.Bytes {
		t.Errorf("stats differ: %+v, %+v", whole, told)
	}
	blobs = whole.Coverage.Seen["blobs"]
	t.Logf("%s: %d of %d blobs differ; %d hold %d findings; views of %d were made of the whole", name, differ, blobs, len(want), whole.Findings, told.Whole)
	return blobs, len(want)
}

// TestCopiesChangeNothingIn compares on the repositories that QUASH_REPO names, separated as in PATH.
func TestCopiesChangeNothingIn(t *testing.T) {
	list := os.Getenv("QUASH_REPO")
	if list == "" {
		t.Skip("QUASH_REPO names no repository")
	}
	for _, name := range filepath.SplitList(list) {
		sameByBlob(t, name)
	}
}

// TestCopiesChangeNothing: in generated histories too, with deltas of either kind on top of each other.
func TestCopiesChangeNothing(t *testing.T) {
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Collect(set.All())
	for _, offsets := range []string{"true", "false"} {
		f := newFixture(t)
		f.git("config", "repack.useDeltaBaseOffset", offsets)
		rnd := rand.New(rand.NewPCG(5, 7))
		var lines []string
		for version := range 30 {
			for range 12 {
				line := strings.Repeat("some text = value; ", rnd.IntN(6))
				if r := all[rnd.IntN(len(all))]; rnd.IntN(3) == 0 && len(r.Examples.Match) > 0 {
					line = keyLine(r, rnd)
				}
				lines = slices.Insert(lines, rnd.IntN(len(lines)+1), line)
			}
			from := rnd.IntN(len(lines))
			lines = slices.Delete(lines, from, min(len(lines), from+rnd.IntN(6)))
			f.commit(fmt.Sprint("version ", version), []string{"app.env", "lib/app.py"}[version/25], strings.Join(lines, "\n"))
		}
		f.git("repack", "-adfq", "--depth=50", "--window=50")
		if blobs, hit := sameByBlob(t, f.dir); blobs < 30 || hit < 25 {
			t.Errorf("%d blobs, %d with findings: the history tests nothing", blobs, hit)
		}
	}
}

// keyLine is a key of a rule in one of its contexts, as it is or encoded.
func keyLine(r *rules.Rule, rnd *rand.Rand) string {
	sample := r.Sample(rnd)
	text := strings.ReplaceAll(r.Examples.Match[rnd.IntN(len(r.Examples.Match))], "{{sample}}", sample.Token)
	for name, v := range sample.Parts {
		text = strings.ReplaceAll(text, "{{"+name+"}}", v)
	}
	switch rnd.IntN(4) {
	case 0:
		return base64.StdEncoding.EncodeToString([]byte(text))
	case 1:
		return strconv.Quote(text)
	}
	return text
}
