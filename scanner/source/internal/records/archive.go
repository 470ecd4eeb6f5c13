package records

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// Archive is a kind of export that is an archive of many files. It is known by what those are called, and what some of them say is
// needed to read the others: who has which id, to which page a comment belongs.
type Archive struct {
	// Name is what `--source` takes, Title names the kind in a sentence, with its article.
	Name, Title string

	// alone are the formats of members that are known by themselves, wherever they stand.
	alone []*Format
	// score says how sure it is of an archive with members of those names, and in which folder of it the export lies: "" or one that
	// ends with "/". Names may be missing at the end.
	score func(names []string) (score int, root string)
	// missing says what an archive that is none lacks.
	missing string
	// learns returns the format by which a member is read before all others, for what it says of those; nil when it says nothing. Names
	// are those in the export's folder.
	learns func(name string) *Format
	// leads are files in the export's folder that learns knows, by which the folder of an export that somebody unpacked is found.
	leads []string
	// format returns how a member is read; nil when it is none of the export's own files.
	format func(name string) *Format
	// place is the place of a member that is read as any other file is, such as an attachment, as far as something is known of it.
	place func(k *Contents, name string) scanner.Location
	// facts is what the beginning of such a member says of who wrote it and when; nil when it says nothing.
	facts func(begin []byte) (author string, when time.Time)
}

// Archives returns all kinds.
func Archives() []*Archive {
	return []*Archive{&confluenceArchive, &slackArchive, &gitlabArchive, &migrationArchive, &notionArchive}
}

// FindArchive returns the kind of an archive with members of those names, and the folder in it that the export lies in; nil when it
// surely is none.
func FindArchive(names []string) *Archive {
	for _, a := range Archives() {
		if a.Score(names) >= Sure {
			return a
		}
	}
	return nil
}

// Score says how sure it is of an archive with members of those names.
func (a *Archive) Score(names []string) int {
	score, _ := a.score(names)
	return score
}

// ScoreFile says how sure it is that a file of that name that begins with head is one of an export of this kind.
func (a *Archive) ScoreFile(name string, head []byte) int {
	score := None
	for _, f := range a.alone {
		score = max(score, f.Score(name, head))
	}
	return score
}

// File returns the format of a file of that name that begins with head, where it is one of an export of this kind, and else nil.
func (a *Archive) File(name string, head []byte) *Format {
	for _, f := range a.alone {
		if f.Score(name, head) > None {
			return f
		}
	}
	return nil
}

// Missing says what an archive that is of another kind lacks.
func (a *Archive) Missing() string { return a.missing }

// Contents is what is known of the files of an export while they are read. It is used by one reading at a time.
type Contents struct {
	archive *Archive
	root    string
	wiki    *wiki
	now     *nowKnown
	people  map[string]string           // what people are called, by id
	makers  map[string]string           // who made records, by what those are called
	files   map[string]scanner.Location // the places of attachments, by name
	spare   *memory                     // of the file that was read last, for the next one
}

// Learns reports whether anything in an export of this kind says what is needed to read the rest.
func (a *Archive) Learns() bool { return a.learns != nil }

// Begin returns what is known of an export before anything of it was read. Its files are named from its folder, or by names that
// tell them apart wherever that lies.
func (a *Archive) Begin() *Contents { return &Contents{archive: a} }

// Learn takes what a file of the export says of others, if it says anything.
func (k *Contents) Learn(name string, text io.Reader) {
	if f := k.ahead(name); f != nil {
		f.learn(k, text)
	}
}

// Look looks at an archive before its members are read. names are what they are called, and open opens one.
func (a *Archive) Look(names []string, open func(i int) io.ReadCloser) *Contents {
	k := a.Begin()
	_, k.root = a.score(names)
	for i, name := range names {
		if k.ahead(name) == nil {
			continue
		}
		r := open(i)
		k.Learn(name, r)
		r.Close()
	}
	return k
}

// ahead returns the format by which a member is read ahead of others.
func (k *Contents) ahead(name string) *Format {
	if inner, ok := k.inside(name); ok && k.archive.learns != nil {
		return k.archive.learns(inner)
	}
	return nil
}

// inside is a member's name in the export's folder; false where it lies outside.
func (k *Contents) inside(name string) (string, bool) {
	if Unsafe(name) {
		return "", false
	}
	return strings.CutPrefix(strings.TrimPrefix(name, "./"), k.root)
}

// Format returns how a member is read, or nil when it is none of the export's own files.
func (k *Contents) Format(name string) *Format {
	if inner, ok := k.inside(name); ok {
		return k.archive.format(inner)
	}
	return nil
}

// Place is the place of a member that is read as any other file is, as far as something is known of it: without path and offset.
func (k *Contents) Place(name string) scanner.Location {
	if inner, ok := k.inside(name); ok && k.archive.place != nil {
		return k.archive.place(k, inner)
	}
	return scanner.Location{}
}

// Complete adds to the place of a member that begins with head what it says of itself.
func (k *Contents) Complete(at scanner.Location, head []byte) scanner.Location {
	if k != nil && k.archive.facts != nil && at.Record != "" && at.Author == "" && at.Time.IsZero() {
		at.Author, at.Time = k.archive.facts(head)
	}
	return at
}

// Unsafe reports whether a member's name would lead out of the directory that it is unpacked in: one that is absolute, or has "..".
func Unsafe(name string) bool {
	return strings.HasPrefix(name, "/") || len(name) > 1 && name[1] == ':' || slices.Contains(strings.Split(name, "/"), "..")
}

// rootOf returns the folder in which a file of that name stands, of several the outermost, and whether there is one.
func rootOf(names []string, file string) (root string, ok bool) {
	for _, name := range names {
		name = strings.TrimPrefix(name, "./")
		dir, is := strings.CutSuffix(name, file)
		if !is || dir != "" && !strings.HasSuffix(dir, "/") || Unsafe(name) {
			continue
		}
		if !ok || strings.Count(dir, "/") < strings.Count(root, "/") {
			root, ok = dir, true
		}
	}
	return root, ok
}

// holds reports whether a member has that name.
func holds(names []string, name string) bool {
	return slices.Contains(names, name) || slices.Contains(names, "./"+name)
}

func when(is bool, f *Format) *Format {
	if is {
		return f
	}
	return nil
}
