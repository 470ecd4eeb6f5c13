package forge

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/quash-sh/quash/scanner"
)

// Repository is a repository of a forge, or one that a list names.
type Repository struct {
	// Name is what people call it: "acme/shop"; for a list's entry host and path, "git.acme.example/infra/tools".
	Name string
	// URL is where it is cloned from; it holds no credential.
	URL string
	// Page is its page in a browser; empty when none is known.
	Page string
	// Archived, Fork, Visibility ("public", "private" or "internal") and Topics are what the forge says. A list says none.
	Archived, Fork bool
	Visibility     string
	Topics         []string
}

// Locate returns a place in a mirror as a place in the repository: by its name, and with the page that shows it.
func (r Repository) Locate(at scanner.Location) scanner.Location {
	at.Repository = r.Name
	switch {
	case r.Page == "" || at.Commit == "":
	case at.Path == "":
		at.URL = r.Page + "/commit/" + at.Commit
	default:
		segments := strings.Split(at.Path, "/")
		for i, s := range segments {
			segments[i] = url.PathEscape(s)
		}
		at.URL = r.Page + "/blob/" + at.Commit + "/" + strings.Join(segments, "/") + "#L" + strconv.Itoa(at.Line)
	}
	return at
}

// Want says what is done about a kind of repository.
type Want string

// The wants. The zero value is WantYes.
const (
	WantYes  Want = "yes"  // with the others
	WantNo   Want = "no"   // left out
	WantOnly Want = "only" // all others are left out
)

// leavesOut says what a repository that is or is not of the kind is left out as: one of those that are, or one of the others;
// empty when it is kept.
func (w Want) leavesOut(is bool, those, others string) string {
	switch {
	case w == WantNo && is:
		return those
	case w == WantOnly && !is:
		return others
	}
	return ""
}

// Filter leaves repositories out. The zero value keeps all.
type Filter struct {
	Archived, Forks Want
	// Topics keeps repositories with any of them, Visibility those of any of them.
	Topics, Visibility []string
	// Match keeps repositories whose name matches any of these patterns, Exclude leaves out those that match any. A pattern
	// (path.Match) with a slash is held against the whole name, one without against the part after the last slash.
	Match, Exclude []string
}

// Check refuses words and patterns that mean nothing. listed says that the repositories come from a list, of which nothing is
// known but names.
func (f Filter) Check(listed bool) error {
	for name, w := range map[string]Want{"archived": f.Archived, "forks": f.Forks} {
		if !slices.Contains([]Want{"", WantYes, WantNo, WantOnly}, w) {
			return fmt.Errorf("--%s: not known; it is yes, no or only", name)
		}
	}
	for _, v := range f.Visibility {
		if !slices.Contains([]string{"public", "private", "internal"}, v) {
			return errors.New("--visibility: not known; it is public, private or internal")
		}
	}
	for _, glob := range slices.Concat(f.Match, f.Exclude) {
		if _, err := path.Match(glob, ""); err != nil {
			return fmt.Errorf("pattern %q: %w; write it like infra-* or acme/*", glob, err)
		}
	}
	wanting := f.Archived != "" && f.Archived != WantYes || f.Forks != "" && f.Forks != WantYes
	if listed && (wanting || len(f.Topics)+len(f.Visibility) > 0) {
		return errors.New("a list of URLs says nothing of archived, forks, topics and visibility; use --match and --exclude")
	}
	return nil
}

// Why says as what a repository is left out, a plural noun to count it under; empty when it is kept.
func (f Filter) Why(r Repository) string {
	matches := func(glob string) bool {
		name := r.Name
		if !strings.Contains(glob, "/") {
			name = path.Base(name)
		}
		ok, _ := path.Match(glob, name)
		return ok
	}
	why := cmp.Or(f.Archived.leavesOut(r.Archived, "archived repositories", "unarchived repositories"), f.Forks.leavesOut(r.Fork, "forks", "original repositories"))
	switch {
	case why != "":
		return why
	case len(f.Topics) > 0 && !slices.ContainsFunc(f.Topics, func(t string) bool { return slices.Contains(r.Topics, t) }):
		return "off-topic repositories"
	case len(f.Visibility) > 0 && !slices.Contains(f.Visibility, r.Visibility):
		return "otherwise visible repositories"
	case len(f.Match) > 0 && !slices.ContainsFunc(f.Match, matches):
		return "unmatched repositories"
	case slices.ContainsFunc(f.Exclude, matches):
		return "excluded repositories"
	}
	return ""
}
