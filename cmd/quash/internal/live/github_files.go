package live

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/scanner"
)

// splitName takes "OWNER/REPOSITORY" apart.
func splitName(name string) (owner, repository string) {
	owner, repository, _ = strings.Cut(name, "/")
	return owner, repository
}

// workflowRun is a run of a workflow.
type workflowRun struct {
	ID      int64     `json:"id"`
	Attempt int       `json:"run_attempt"`
	Status  string    `json:"status"`
	HTMLURL string    `json:"html_url"`
	Actor   *account  `json:"actor"`
	Created time.Time `json:"created_at"`
	Updated time.Time `json:"updated_at"`
}

// logs reads the logs of workflow runs. All runs are listed every time, from the latest: the list cannot be asked for what changed. Those
// that GitHub has dropped are told in one gap; they do not come back.
func (g *github) logs(about) {
	g.part(g.name+" logs", func(w *window) {
		expired := 0
		for number := 1; number > 0 && g.ok; {
			var p page
			var answer struct {
				Runs []workflowRun `json:"workflow_runs"`
			}
			next, err := g.api.Body(g.ctx, fmt.Sprintf("repos/%s/actions/runs?per_page=%d&page=%d", g.name, perPage, number), &p)
			if err == nil && json.Unmarshal(p.data, &answer) != nil {
				err = errNoJSON
			}
			if err != nil {
				g.failed("workflow runs of "+g.name, err)
				return
			}
			for _, r := range answer.Runs {
				expired += g.run(r, w)
			}
			number = next
		}
		if expired > 0 {
			g.gone(fmt.Sprintf("logs of workflow runs of %s", g.name), fmt.Sprintf("%d are no longer kept by GitHub (410)", expired),
				"leave out what is older than GitHub keeps logs, 90 days unless it is set otherwise: --since 90d")
		}
	})
}

// run reads the logs of a run. It returns how many of them are no longer kept.
func (g *github) run(r workflowRun, w *window) (expired int) {
	if r.Status != "completed" {
		g.out.Skip("unfinished workflow runs", 1)
		return 0
	}
	if !g.ok || !w.fresh(strconv.FormatInt(r.ID, 10), r.Updated, fmt.Append(nil, r.Updated, r.Attempt)) {
		return 0
	}
	g.out.Saw("workflow runs", 1)
	for n := 1; n <= max(1, r.Attempt); n++ {
		path := fmt.Sprintf("repos/%s/actions/runs/%d/attempts/%d/logs", g.name, r.ID, n)
		what := fmt.Sprintf("log of workflow run %d of %s, attempt %d", r.ID, g.name, n)
		switch err := g.file(path, r.place(g.path, n)); forge.Status(err) {
		case http.StatusGone:
			expired++
		default:
			if err != nil {
				g.failed(what, err)
			}
		}
	}
	return expired
}

// place is where the log of an attempt stands.
func (r workflowRun) place(path string, attempt int) scanner.Location {
	return scanner.Location{
		Path: path + "/logs.zip", Line: 1, Record: fmt.Sprintf("workflow run %d", r.ID), Field: fmt.Sprintf("log of attempt %d", attempt),
		Author: r.Actor.login(), Time: r.Created, URL: r.HTMLURL,
	}
}

// file gives on a file of GitHub's, with what is in it.
func (g *github) file(path string, from scanner.Location) error {
	if !g.ok {
		return nil
	}
	body, err := g.api.File(g.ctx, path)
	if err != nil {
		return err
	}
	defer body.Close()
	g.place = func(at *scanner.Location) {
		at.Record, at.Field = cmp.Or(at.Record, from.Record), cmp.Or(at.Field, from.Field)
		at.Author, at.URL = cmp.Or(at.Author, from.Author), cmp.Or(at.URL, from.URL)
		at.Time = cmp.Or(at.Time, from.Time)
	}
	g.ok = g.out.File(from, download{body})
	g.place = nil
	return nil
}

// download is a body that is being read. Its end is not taken for that of a short file when it broke off.
type download struct{ body io.Reader }

// Read implements io.Reader.
func (d download) Read(b []byte) (int, error) {
	n, err := d.body.Read(b)
	if err != nil && err != io.EOF {
		err = errors.New("the download broke off")
	}
	return n, err
}

// gist is what is asked of a gist.
type gist struct {
	ID          string    `json:"id"`
	HTMLURL     string    `json:"html_url"`
	Description string    `json:"description"`
	Owner       *account  `json:"owner"`
	Created     time.Time `json:"created_at"`
	Updated     time.Time `json:"updated_at"`
	Comments    int       `json:"comments"`
	Files       map[string]struct {
		Content   string `json:"content"`
		RawURL    string `json:"raw_url"`
		Truncated bool   `json:"truncated"`
	} `json:"files"`
}

// gists reads an account's gists as they are now, and what is said about them.
func (g *github) gists() {
	g.path = GitHubScheme + g.account
	g.part(g.account+" gists", func(w *window) {
		q := url.Values{"per_page": {strconv.Itoa(perPage)}}
		if !w.since.IsZero() {
			q.Set("since", w.since.UTC().Format(time.RFC3339))
		}
		for number := 1; number > 0 && g.ok; {
			q.Set("page", strconv.Itoa(number))
			all, next, err := g.list("users/" + g.account + "/gists?" + q.Encode())
			if err != nil {
				g.failed("gists of "+g.account, err)
				return
			}
			for _, data := range all {
				var short gist
				if json.Unmarshal(data, &short) != nil {
					g.failed("gists of "+g.account, errNoJSON)
				} else if g.ok && w.fresh(short.ID, short.Updated, data) {
					g.gist(short.ID)
				}
			}
			number = next
		}
	})
}

// gist reads one gist.
func (g *github) gist(id string) {
	var x gist
	if err := g.get("gists/"+url.PathEscape(id), &x); err != nil {
		g.failed("gist "+id, err)
		return
	}
	g.out.Saw("gists", 1)
	g.out.Skip("histories of gists", 1)
	h := head{HTMLURL: x.HTMLURL, Author: x.Owner, Created: x.Created}
	if data, err := json.Marshal(map[string]string{"description": x.Description}); err == nil {
		g.record("json", g.path, data, h.place("gist "+id))
	}
	for _, name := range slices.Sorted(maps.Keys(x.Files)) {
		f := x.Files[name]
		from := scanner.Location{Path: g.path + "/" + id + "/" + name, Line: 1, Record: "gist " + id, Author: x.Owner.login(), Time: x.Created, URL: x.HTMLURL}
		if !f.Truncated {
			g.ok = g.ok && g.out.File(from, strings.NewReader(f.Content))
			continue
		}
		if !strings.HasPrefix(f.RawURL, "https://") {
			g.gap("file "+name+" of gist "+id, "GitHub gives a part of it, and no https address of the rest", "clone the gist and scan that", nil)
		} else if err := g.file(f.RawURL, from); err != nil {
			g.failed("file "+name+" of gist "+id, err)
		}
	}
	if x.Comments > 0 {
		g.all(list{what: "comments on gist " + id, path: "gists/" + url.PathEscape(id) + "/comments", record: g.comment("gist " + id)}, newWindow(Mark{}, time.Time{}))
	}
}
