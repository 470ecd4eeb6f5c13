package source

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// sampled is how many places of findings are held against git.
const sampled = 200

// TestPlaceAgreesWithGit: where a blob stood, the commit that brought it there, the branches and tags that hold it, whether HEAD does and
// which commit took it away are what git says of the same repository. It samples the blobs of a made history and, of the repositories
// that QUASH_REPO names, separated as in PATH, the findings under all rules.
//
// A commit brings a blob to a path when its tree has it there and the tree of none of its parents has: git log -m --find-object lists
// such a merge against every parent. Of several the first counts, in an order in which parents come before children and else the older
// before the younger: the one for which the latest time of a commit, of it and its ancestors, is the earliest.
func TestPlaceAgreesWithGit(t *testing.T) {
	t.Parallel()
	needGit(t)
	dir := grown(t)
	src := opened(dir, Options{NoWorktree: true})(t)
	var all []scanner.Location
	for c, err := range src.Chunks(t.Context()) {
		if err == nil {
			all = append(all, c.From)
		}
	}
	agree(t, dir, src, all)
	for _, dir := range filepath.SplitList(os.Getenv("QUASH_REPO")) {
		src := opened(dir, Options{NoWorktree: true})(t)
		agree(t, dir, src, findingsOf(t, src))
	}
}

// findingsOf are the places of all findings, of any confidence and allowed or not.
func findingsOf(t *testing.T, src scanner.Source) []scanner.Location {
	t.Helper()
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := scanner.New(set, scanner.Options{KeepAllowed: true})
	if err != nil {
		t.Fatal(err)
	}
	var all []scanner.Location
	_, err = s.Scan(t.Context(), unplaced{src, true}, scanner.SinkFunc(func(_ context.Context, f scanner.Finding) error {
		all = append(all, f.At)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// agree places a sample of locations and holds the places against git.
func agree(t *testing.T, dir string, src scanner.Source, all []scanner.Location) {
	t.Helper()
	object := func(l scanner.Location) string { return l.Blob + l.Commit }
	all = slices.DeleteFunc(all, func(l scanner.Location) bool { return strings.Contains(l.Path, "!") || l.Field != "" && l.Blob != "" })
	slices.SortFunc(all, func(a, b scanner.Location) int { return strings.Compare(object(a), object(b)) })
	all = slices.CompactFunc(all, func(a, b scanner.Location) bool { return object(a) == object(b) })
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	all = all[:min(len(all), sampled)]
	places, err := src.(scanner.Placer).Place(t.Context(), all)
	if err != nil {
		t.Log(err)
	}
	o := newLineage(t, dir, all)
	n := 0
	for i, at := range places {
		if at == nil {
			at = all[i : i+1]
		}
		n += len(at)
		o.check(all[i], at)
	}
	if n < len(all)/2 {
		t.Errorf("%d places of %d findings: the test tests nothing", n, len(all))
	}
	t.Logf("%s: %d findings of %d objects at %d places", dir, len(all), len(o.blobs), n)
}

// lineage is what git says of a repository.
type lineage struct {
	t       *testing.T
	dir     string
	blobs   map[string]bool
	parents map[string][]string // by commit
	ripe    map[string]int64    // by commit: the latest time of it and its ancestors
	brought map[stand][]string  // the commits that brought a blob to a path
	removed map[stand][]string  // the last commits on the way to HEAD that took it away, of which each may be meant
	holding map[string][]string // by commits: the branches and tags that contain one of them
}

// stand is a blob at a path.
type stand struct{ blob, path string }

func newLineage(t *testing.T, dir string, at []scanner.Location) *lineage {
	o := &lineage{
		t: t, dir: dir, blobs: map[string]bool{}, parents: map[string][]string{}, ripe: map[string]int64{},
		brought: map[stand][]string{}, removed: map[stand][]string{}, holding: map[string][]string{},
	}
	for _, l := range at {
		if l.Blob != "" {
			o.blobs[l.Blob] = true
		}
	}
	for line := range strings.Lines(gitAt(t, dir, "log", "--all", "--topo-order", "--reverse", "--format=%H %ct %P")) {
		fields := strings.Fields(line)
		id := fields[0]
		o.ripe[id], _ = strconv.ParseInt(fields[1], 10, 64)
		o.parents[id] = fields[2:]
		for _, p := range fields[2:] {
			o.ripe[id] = max(o.ripe[id], o.ripe[p])
		}
	}
	listed := map[string]map[stand]int{}
	for _, c := range o.changes("--all") {
		if listed[c.commit] == nil {
			listed[c.commit] = map[stand]int{}
		}
		at := stand{c.after, c.path}
		listed[c.commit][at]++
		if listed[c.commit][at] == max(1, len(o.parents[c.commit])) {
			o.brought[at] = append(o.brought[at], c.commit)
		}
	}
	for _, which := range [][]string{{"--first-parent"}, {"--diff-merges=first-parent"}, {"-m"}} {
		removed := map[stand][]string{}
		for _, c := range o.changes(append(which, "--topo-order", "HEAD")...) {
			if at := (stand{c.before, c.path}); c.before != c.after && o.removed[at] == nil && !o.isBefore(c.commit, removed[at]) {
				removed[at] = append(removed[at], c.commit)
			}
		}
		maps.Copy(o.removed, removed)
	}
	return o
}

// isBefore reports whether a commit is an ancestor of any of others, or one of them.
func (o *lineage) isBefore(id string, of []string) bool {
	if len(of) == 0 {
		return false
	}
	base := gitAt(o.t, o.dir, append([]string{"rev-list", "--max-count=1", id, "--not"}, of...)...)
	return base == ""
}

// listing is a line of git's own listing of what a commit changes.
type listing struct{ commit, path, before, after string }

// changes lists where commits bring the blobs or take them away; merges against each parent.
func (o *lineage) changes(which ...string) []listing {
	args := append([]string{"-c", "core.quotePath=false", "log", "-m", "--no-renames", "--raw", "--no-abbrev", "--format=%H"}, which...)
	for blob := range o.blobs {
		args = append(args, "--find-object="+blob)
	}
	var all []listing
	commit := ""
	for line := range strings.Lines(gitAt(o.t, o.dir, args...)) {
		line = strings.TrimSuffix(line, "\n")
		what, path, ok := strings.Cut(line, "\t")
		if !ok {
			if line != "" {
				commit = line
			}
			continue
		}
		if plain, err := strconv.Unquote(path); err == nil {
			path = plain
		}
		fields := strings.Fields(what)
		all = append(all, listing{commit, path, fields[2], fields[3]})
	}
	return all
}

// check holds the places of one finding against git.
func (o *lineage) check(l scanner.Location, places []scanner.Location) {
	o.t.Helper()
	var paths []string
	for _, at := range places {
		if at.Field != "" {
			o.refs(at, []string{at.Commit})
			continue
		}
		paths = append(paths, at.Path)
		o.place(at)
	}
	for at := range o.brought {
		if at.blob == l.Blob && len(places) < maxGiven && !slices.Contains(paths, at.path) {
			o.t.Errorf("%s: git knows it at %q", l.Blob, at.path)
		}
	}
}

func (o *lineage) place(at scanner.Location) {
	o.t.Helper()
	s := stand{at.Blob, at.Path}
	brought := o.brought[s]
	switch {
	case at.Commit == "":
		o.t.Logf("%s: a reference names it", at.Blob)
		return
	case !slices.Contains(brought, at.Commit):
		o.t.Errorf("%s at %q: brought in by %s, git says by one of %v", at.Blob, at.Path, at.Commit, brought)
	}
	for _, c := range brought {
		if o.ripe[c] < o.ripe[at.Commit] {
			o.t.Errorf("%s at %q: brought in by %s, though %s came before", at.Blob, at.Path, at.Commit, c)
		}
	}
	inHead := gitAt(o.t, o.dir, "rev-parse", "--verify", "--quiet", "HEAD:"+at.Path) == at.Blob
	if removed := o.removed[s]; inHead != at.InHead || !inHead && at.RemovedIn != "" != (len(removed) > 0) || at.RemovedIn != "" && !slices.Contains(removed, at.RemovedIn) {
		o.t.Errorf("%s at %q: in HEAD %v, removed by %q; git says %v, %q", at.Blob, at.Path, at.InHead, at.RemovedIn, inHead, removed)
	}
	who := fmt.Sprintf("%s\n%s\n%d", at.Author, at.AuthorEmail, at.Time.Unix())
	if want := gitAt(o.t, o.dir, "log", "-1", "--use-mailmap", "--format=%aN%n%aE%n%at", at.Commit); who != want {
		o.t.Errorf("%s: author %q, git says %q", at.Commit, who, want)
	}
	o.refs(at, brought)
}

// refs checks the references of a place that commits brought about.
func (o *lineage) refs(at scanner.Location, commits []string) {
	o.t.Helper()
	want, ok := o.holding[strings.Join(commits, " ")]
	if !ok {
		var list []string
		for _, c := range commits {
			list = append(list, "--contains="+c)
		}
		for _, kind := range [][]string{{"branch", "--all"}, {"tag"}} {
			for _, name := range strings.Fields(gitAt(o.t, o.dir, slices.Concat(kind, []string{"--format=%(refname)"}, list)...)) {
				want = append(want, shortRef(name))
			}
		}
		slices.Sort(want)
		o.holding[strings.Join(commits, " ")] = want
	}
	got := slices.Sorted(slices.Values(at.Refs))
	if len(want) > 0 && !slices.Equal(want, got) {
		o.t.Errorf("%s at %q: references %v, git says %v", at.Blob, at.Path, got, want)
	}
	if len(want) > 0 {
		return
	}
	for _, name := range at.Refs { // neither a branch nor a tag
		base := gitAt(o.t, o.dir, append([]string{"merge-base", "--independent", "refs/" + name}, commits...)...)
		if len(strings.Fields(base)) > len(commits) {
			o.t.Errorf("%s at %q: %s does not reach %v", at.Blob, at.Path, name, commits)
		}
	}
	if len(at.Refs) == 0 {
		o.t.Errorf("%s at %q: no reference", at.Blob, at.Path)
	}
}

// gitAt runs git on a repository and returns what it prints; nothing where it fails.
func gitAt(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_NO_LAZY_FETCH=1", "LC_ALL=C")
	out, _ := cmd.Output()
	return strings.TrimSpace(string(out))
}

// grown makes a history of 120 commits on four branches, with merges, renames and files that come back.
func grown(t *testing.T) string {
	t.Helper()
	f := newFixture(t)
	r := rand.New(rand.NewPCG(3, 4))
	branches := []string{"main", "b1", "b2", "b3"}
	begun := map[string]bool{}
	var b strings.Builder
	for i := range 120 {
		branch, other := branches[r.IntN(4)], branches[r.IntN(4)]
		fmt.Fprintf(&b, "commit refs/heads/%s\ncommitter A <a@acme.example> %d +0000\ndata 1\nm\n", branch, 1_700_000_000+60*i)
		if !begun[branch] && begun[other] {
			fmt.Fprintf(&b, "from refs/heads/%s\n", other)
		} else if begun[branch] && begun[other] && branch != other && r.IntN(5) == 0 {
			fmt.Fprintf(&b, "merge refs/heads/%s\n", other)
		}
		begun[branch] = true
		for range 1 + r.IntN(3) {
			path := fmt.Sprintf("d%d/f%d", r.IntN(3), r.IntN(6))
			if r.IntN(5) == 0 {
				fmt.Fprintf(&b, "D %s\n", path)
				continue
			}
			text := fmt.Sprint("text ", r.IntN(220), "\n")
			fmt.Fprintf(&b, "M 100644 inline %s\ndata %d\n%s\n", path, len(text), text)
		}
	}
	f.gitInput(b.String(), "fast-import", "--quiet")
	f.git("repack", "-adq")
	return f.dir
}
