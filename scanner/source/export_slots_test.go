package source

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/scanner"
)

var update = flag.Bool("update", false, "write testdata/export_places.txt anew")

// slot is a place in a sample where a test puts a key: in a field, a part, an older version, an attachment, or the name or address of one.
type slot struct {
	export, file, name string // the sample, the file of it where it is an archive, and the slot
}

func (s slot) String() string { return strings.TrimSpace(s.export+" "+s.file) + " {{" + s.name + "}}" }

var slotMark = regexp.MustCompile(`\{\{([a-z-]+)\}\}`)

// slots are those of all samples.
func slots(t *testing.T) []slot {
	t.Helper()
	var all []slot
	add := func(export, file, text string) {
		for _, m := range slotMark.FindAllStringSubmatch(text, -1) {
			if s := (slot{export, file, m[1]}); !slices.Contains(all, s) {
				all = append(all, s)
			}
		}
	}
	for _, name := range allExportSamples(t) {
		add(name, "", sample(t, name))
	}
	for kind := range archiveSamples {
		for name, text := range archiveFiles(t, kind) {
			add(kind, name, text)
		}
	}
	slices.SortFunc(all, func(a, b slot) int { return strings.Compare(a.String(), b.String()) })
	return all
}

// write writes the slot's sample with a value in it, and returns its path.
func (s slot) write(t *testing.T, dir, value string) string {
	t.Helper()
	name, data := s.export, []byte(nil)
	if kind, ok := archiveSamples[s.export]; ok {
		name = archiveName(kind)
		files := archiveFiles(t, kind)
		files[s.file] = strings.ReplaceAll(files[s.file], "{{"+s.name+"}}", value)
		data = archiveOf(t, kind, emptySlots(files))
	} else {
		data = []byte(emptySlots(map[string]string{"": sample(t, name, "{{"+s.name+"}}", value)})[""])
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// traps are the ways in which what the slot is written in splits a key without changing it for whoever reads it.
func (s slot) traps(key string) []string {
	const at = 4
	char := key[at]
	var all []string
	switch ext := filepath.Ext(s.export + s.file); {
	case strings.Contains(ext, "json"):
		all = append(all, key[:at]+`\u`+"00"+hexByte(char)+key[at+1:], key[:at]+`\u200b`+key[at:])
	case ext == ".xml":
		all = append(all, fmt.Sprintf("%s&#%d;%s", key[:at], char, key[at+1:]), fmt.Sprintf("%s&#x%x;%s", key[:at], char, key[at+1:]))
	}
	if slices.Contains([]string{"jira.xml", "discord.html", "teams.html"}, s.export) && s.name == "link" { // an address in a tag, where nothing is shown
		return all
	}
	return append(all, key[:at]+"\u200b"+key[at:], key[:at]+"\u00ad"+key[at:])
}

// encoded are slots in text that is encoded, whose own tests fill them: TestFindInMail, TestServiceNowFiles.
var encoded = map[string]bool{"box.mbox {{subject}}": true, "box.mbox {{attachment}}": true, "servicenow.xml {{pieces}}": true}

// TestEverySlot puts a key into every slot of every sample, as it is and split by what the slot is written in: it is found there under the
// same ID, in the same record and field, by the same author and of the same time.
func TestEverySlot(t *testing.T) {
	const golden = "testdata/export_places.txt"
	set, s := finder(t)
	rule, _ := set.Rule("github-pat")
	key := rule.Sample(seeded()).Token
	id := s.ID(rule, scanner.NewSecret(key))
	dir := t.TempDir()
	place := func(slot slot, value string) string {
		src, err := Open(t.Context(), slot.write(t, dir, " "+value+" "), Options{})
		if err != nil {
			t.Fatal(err)
		}
		got := "nothing"
		stats, err := s.Scan(t.Context(), src, scanner.SinkFunc(func(_ context.Context, f scanner.Finding) error {
			if at := f.At; f.ID == id && (got == "nothing" || at.View == "") {
				got = strings.Join([]string{at.Record, at.Field, at.Author, at.Time.Format(time.RFC3339)}, " | ")
			}
			return nil
		}))
		if err != nil || !stats.Complete() {
			t.Errorf("%v: %v, gaps %v", slot, err, stats.Gaps)
		}
		return strings.ReplaceAll(got, time.Time{}.Format(time.RFC3339), "-")
	}
	var all strings.Builder
	for _, slot := range slots(t) {
		if encoded[slot.String()] {
			continue
		}
		whole := place(slot, key)
		fmt.Fprintf(&all, "%v: %s\n", slot, whole)
		for i, value := range slot.traps(key) {
			if got := place(slot, value); got != whole {
				t.Errorf("%v: split in way %d it is in %q, and whole in %q", slot, i+1, got, whole)
			}
		}
	}
	if *update {
		if err := os.WriteFile(golden, []byte(all.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), all.String()); d != "" {
		t.Errorf("places (-want +got); go test ./scanner/source -run EverySlot -update writes them anew:\n%s", d)
	}
}
