package live

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/scanner"
)

// githubName is "OWNER/REPOSITORY" or "OWNER", of at most longestName bytes.
var githubName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9._-]+)?$`) })

const longestName = 201

// OpenGitHub returns the source of a repository, "OWNER/REPOSITORY", or of all those of an account and its gists, "OWNER". It opens no
// connection.
func OpenGitHub(api *forge.GitHub, name string, o Options) (*Source, error) {
	if len(name) > longestName || !githubName().MatchString(name) || strings.HasSuffix(name, "/.") || strings.HasSuffix(name, "/..") {
		return nil, errors.New("not a repository or account at GitHub; write github-issues:OWNER/REPOSITORY or github-issues:OWNER")
	}
	return newSource(o, func(w *walk) {
		g := &github{walk: w, api: api, account: name}
		if strings.Contains(name, "/") {
			g.repository(name)
			return
		}
		g.everything()
	})
}

// github is one reading of a target at GitHub.
type github struct {
	*walk
	api     *forge.GitHub
	account string
	name    string // of the repository
	path    string // in places
}

// head is what of a record is looked at here. All else is up to the kinds of exports.
type head struct {
	ID          int64      `json:"id"`
	Number      int        `json:"number"`
	PullRequest *struct{}  `json:"pull_request"`
	HTMLURL     string     `json:"html_url"`
	TagName     string     `json:"tag_name"`
	CommitID    string     `json:"commit_id"`
	Assets      []struct{} `json:"assets"`
	User        *account   `json:"user"`
	Author      *account   `json:"author"`
	Created     time.Time  `json:"created_at"`
	Updated     time.Time  `json:"updated_at"`
	Published   time.Time  `json:"published_at"`
	Submitted   time.Time  `json:"submitted_at"`
}

type account struct {
	Login string `json:"login"`
}

func (a *account) login() string {
	if a == nil {
		return ""
	}
	return a.Login
}

// id names a record among those of its list.
func (h head) id() string { return strconv.FormatInt(h.ID, 10) }

// place completes places with what the record says; a record that is named takes that name.
func (h head) place(record string) func(*scanner.Location) {
	return func(at *scanner.Location) {
		at.Record = cmp.Or(record, at.Record)
		at.URL = cmp.Or(h.HTMLURL, at.URL)
		at.Author = cmp.Or(at.Author, h.User.login(), h.Author.login())
		if at.Time.IsZero() {
			at.Time = cmp.Or(h.Created, h.Submitted, h.Published)
		}
	}
}

// everything reads what an account has.
func (g *github) everything() {
	all, err := g.api.Account(g.ctx, g.account)
	if err != nil {
		g.failed("the repositories of "+g.account, err)
	}
	for _, r := range all {
		g.repository(r.Name)
	}
	if g.ok && g.o.Reads(PartGists) {
		g.gists()
	}
}

// about is what is asked of a repository first.
type about struct {
	FullName       string `json:"full_name"`
	HasIssues      bool   `json:"has_issues"`
	HasDiscussions bool   `json:"has_discussions"`
	HasWiki        bool   `json:"has_wiki"`
}

// repository reads the parts of a repository.
func (g *github) repository(name string) {
	if !g.ok {
		return
	}
	g.name, g.path = name, GitHubScheme+name
	var r about
	if err := g.get("repos/"+name, &r); err != nil {
		g.failed("repository "+name, err)
		return
	}
	g.out.Saw("repositories", 1)
	if r.HasWiki && !strings.Contains(g.account, "/") {
		g.out.Skip("wikis", 1)
	}
	for _, p := range []struct {
		part string
		has  bool
		read func(r about)
	}{
		{PartIssues, true, g.issues},
		{PartReleases, true, g.releases},
		{PartDiscussions, r.HasDiscussions, g.discussions},
		{PartLogs, true, g.logs},
	} {
		if g.ok && p.has && g.o.Reads(p.part) {
			p.read(r)
		}
	}
}

// get reads an answer that is one object.
func (g *github) get(path string, into any) error {
	var p page
	if _, err := g.api.Body(g.ctx, path, &p); err != nil {
		return err
	}
	if json.Unmarshal(p.data, into) != nil {
		return errNoJSON
	}
	return nil
}

var errNoJSON = errors.New("the answer is cut off, or no JSON of GitHub's")

// failed tells of something that GitHub did not give.
func (g *github) failed(what string, err error) {
	why, next := forge.Cause(err), "run the same command again"
	switch code := forge.Status(err); {
	case code == http.StatusNotFound || errors.Is(err, forge.ErrNotFound):
		why, next = "not there, or the credential may not see it", "check the name, and give a credential that may read it: providers.github.credential or GITHUB_TOKEN"
	case code == http.StatusGone:
		why = "GitHub no longer keeps it, or it is switched off (410)"
	case code == http.StatusUnauthorized || code == http.StatusForbidden && !forge.Limited(err):
		next = "give a credential that may read it: providers.github.credential or GITHUB_TOKEN"
	case forge.Limited(err):
		next = "run the same command again in an hour"
	}
	g.gap(what, why, next, nil) // the error holds what was answered
}

// list is a list of GitHub's.
type list struct {
	what string // its name in a gap
	path string
	// changes: it can be asked for what changed since a time, in the order of change.
	changes bool
	query   url.Values
	record  func(data []byte, h head)
}

// perPage is how many records a page has.
const perPage = 100

// all gives the fresh records of a list to its function.
func (g *github) all(l list, w *window) {
	for r := (reach{from: w.since, number: 1}); g.ok; {
		records, next, err := g.list(l.path + "?" + l.ask(r))
		if err == nil {
			err = g.give(l, w, records, &r)
		}
		if err != nil {
			g.failed(l.what, err)
			return
		}
		if !r.on(l.changes, next > 0) {
			return
		}
		if !r.numbers { // nothing from before can come again
			w.forget()
		}
	}
}

// reach is how far a list was read. One in the order of change is read by the time of the last record: a record that changes moves to the
// end, and by number those behind it would move to a page that was read already. Where a page is full of one time, the number goes on
// all the same, and what came after that is read again when anything was fresh.
type reach struct {
	from    time.Time // the list is asked for from here on
	number  int       // the page of that
	last    time.Time // when the last record changed
	ordered bool      // the last page was in the order of change
	numbers bool      // pages were read by number, since again
	again   time.Time
	fresh   bool // something was, since then
}

// on goes to the next page; false when all was read. more says that the page was not the last.
func (r *reach) on(changes, more bool) bool {
	near := r.last.Add(-time.Second)
	switch {
	case more && changes && r.ordered && near.After(r.from):
		r.from, r.number = near, 1
	case more:
		if !r.numbers {
			r.numbers, r.again, r.fresh = true, r.from, false
		}
		r.number++
	case changes && r.numbers && r.fresh:
		r.from, r.number, r.numbers = r.again, 1, false
	default:
		return false
	}
	return true
}

// ask is the query for a page.
func (l list) ask(r reach) string {
	q := url.Values{"per_page": {strconv.Itoa(perPage)}, "page": {strconv.Itoa(r.number)}}
	for name, v := range l.query {
		q[name] = v
	}
	if l.changes {
		q.Set("sort", "updated")
		q.Set("direction", "asc")
		if !r.from.IsZero() {
			q.Set("since", r.from.UTC().Format(time.RFC3339))
		}
	}
	return q.Encode()
}

// list reads a page of a list. It returns the number of the next page; 0 when this is the last.
func (g *github) list(path string) ([]json.RawMessage, int, error) {
	var p page
	next, err := g.api.Body(g.ctx, path, &p)
	if err != nil {
		return nil, 0, err
	}
	var all []json.RawMessage
	if json.Unmarshal(p.data, &all) != nil {
		return nil, 0, errNoJSON
	}
	return all, next, nil
}

// give gives on the fresh records of a page.
func (g *github) give(l list, w *window, records []json.RawMessage, r *reach) error {
	r.ordered, r.last = true, time.Time{}
	for _, data := range records {
		var h head
		if json.Unmarshal(data, &h) != nil {
			return errNoJSON
		}
		r.ordered = r.ordered && !h.Updated.IsZero() && !h.Updated.Before(r.last)
		r.last = h.Updated
		if g.ok && w.fresh(h.id(), h.Updated, data) {
			r.fresh = true
			l.record(data, h)
		}
	}
	return nil
}

// issues reads issues and pull requests, and what is said about them and about commits.
func (g *github) issues(r about) {
	all := list{what: "issues of " + g.name, path: "repos/" + g.name + "/issues", changes: true, query: url.Values{"state": {"all"}}}
	if !r.HasIssues { // the list is switched off, and with it that of pull requests as issues
		all = list{what: "pull requests of " + g.name, path: "repos/" + g.name + "/pulls", query: all.query}
	}
	pulls := []int(nil)
	all.record = func(data []byte, h head) {
		g.record("github", g.path, data, h.place(""))
		if h.PullRequest != nil || !r.HasIssues {
			pulls = append(pulls, h.Number)
		}
	}
	g.part(g.name+" issues", func(w *window) {
		g.all(all, w)
		for _, number := range slices.Compact(pulls) {
			g.reviews(number)
		}
	})
	for _, c := range []struct{ part, what, path string }{
		{" comments", "comments on issues of ", "/issues/comments"},
		{" review comments", "comments in reviews of ", "/pulls/comments"},
	} {
		g.part(g.name+c.part, func(w *window) {
			g.all(list{what: c.what + g.name, path: "repos/" + g.name + c.path, changes: true, record: g.comment("")}, w)
		})
	}
	g.part(g.name+" commit comments", func(w *window) {
		g.all(list{what: "comments on commits of " + g.name, path: "repos/" + g.name + "/comments", record: func(data []byte, h head) {
			g.comment("commit "+h.CommitID)(data, h)
		}}, w)
	})
}

// comment gives on comments, of a record where they do not say of which.
func (g *github) comment(record string) func(data []byte, h head) {
	return func(data []byte, h head) { g.record("github-comments", g.path, data, h.place(record)) }
}

// reviews reads what reviews of a pull request say beside their comments. They are asked for when the pull request changed, as it does
// with each.
func (g *github) reviews(number int) {
	n := strconv.Itoa(number)
	g.all(list{
		what: "reviews of pull request " + n + " of " + g.name, path: "repos/" + g.name + "/pulls/" + n + "/reviews",
		record: func(data []byte, h head) {
			g.record("github-comments", g.path, data, func(at *scanner.Location) {
				h.place("")(at)
				at.Field = strings.Replace(at.Field, "comment ", "review ", 1)
			})
		},
	}, newWindow(Mark{}, time.Time{}))
}

// releases reads releases. They are read in every run: there are few, and the list does not say what changed.
func (g *github) releases(about) {
	g.all(list{what: "releases of " + g.name, path: "repos/" + g.name + "/releases", record: func(data []byte, h head) {
		g.out.Skip("files of releases", len(h.Assets))
		g.record("json", g.path, data, h.place("release "+h.TagName))
	}}, newWindow(Mark{}, time.Time{}))
}
