package report

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/quash-sh/quash/scanner"
)

// group are the places of one repository, directory or ticket.
type group struct {
	Kind, Name, In string
	First, More    []spot
}

// spot is one place.
type spot struct {
	Place, URL, When, Author, Commit, Refs, Note string
}

// groups are the places of a key by repository, directory or ticket, in the order in which they were found.
func (s *summary) groups(k *key) []group {
	type name struct{ kind, name string }
	index := map[name]int{}
	var all []group
	for _, f := range k.findings {
		n := name{"files of", s.target(f)}
		if f.Location.Record != "" {
			n = name{"record", f.Location.Record}
		} else if f.Location.Repository != "" {
			n = name{"repository", f.Location.Repository}
		}
		i, ok := index[n]
		if !ok {
			i = len(all)
			index[n] = i
			all = append(all, group{Kind: n.kind, Name: n.name})
		}
		all[i].add(f.Location)
	}
	return all
}

// add puts a place into its group. What the group's name says is not said again.
func (g *group) add(at scanner.Location) {
	p := spotOf(at)
	if at.Record != "" {
		g.In = at.Path
		p.Place = cmp.Or(at.Field, at.Record)
	}
	if len(g.First) < shown {
		g.First = append(g.First, p)
	} else {
		g.More = append(g.More, p)
	}
}

// target is what a finding was found in, as far as the run says.
func (s *summary) target(f Finding) string {
	switch {
	case f.Target != "":
		return f.Target
	case s.Config != nil && len(s.Config.Targets) == 1:
		return s.Config.Targets[0]
	}
	return "this run"
}

func spotOf(at scanner.Location) spot {
	p := spot{Place: place(at), URL: webURL(at.URL), Author: at.Author, Commit: at.Commit, Refs: list(at.Refs, 5)}
	if at.AuthorEmail != "" {
		p.Author = strings.TrimSpace(p.Author + " <" + at.AuthorEmail + ">")
	}
	if !at.Time.IsZero() {
		p.When = minute(at.Time)
	}
	switch {
	case at.InHead:
		p.Note = "still in HEAD"
	case at.Unreachable:
		p.Note = gone(at) + ", but the object store still has it"
	case gone(at) != "":
		p.Note = gone(at) + ", still in history"
	case at.Commit != "":
		p.Note = "in history only"
	}
	return p
}

// webURL is a link that a browser may follow, or "".
func webURL(s string) string {
	if u, err := url.Parse(s); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return ""
	}
	return s
}
