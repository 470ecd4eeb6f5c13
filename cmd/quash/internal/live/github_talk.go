package live

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// discussionsQuery asks for discussions, which the REST API does not list; commentsQuery for the further comments of one
// (https://docs.github.com/en/graphql/guides/using-the-graphql-api-for-discussions).
const (
	discussionsQuery = `query($owner:String!,$name:String!,$after:String){repository(owner:$owner,name:$name){discussions(first:20,after:$after){` +
		`pageInfo{hasNextPage endCursor} nodes{number title url ` + saidFields + ` comments(first:50){` + commentFields + `}}}}}`
	commentsQuery = `query($owner:String!,$name:String!,$number:Int!,$after:String){repository(owner:$owner,name:$name){discussion(number:$number){` +
		`comments(first:50,after:$after){` + commentFields + `}}}}`
	commentFields = `pageInfo{hasNextPage endCursor} nodes{` + saidFields + ` id url replies(first:20){pageInfo{hasNextPage} nodes{` + saidFields + ` id url}}}`
	saidFields    = `body author{login} createdAt updatedAt userContentEdits(first:5){pageInfo{hasNextPage} nodes{diff editedAt editor{login}}}`
)

// cursor is where the next page of a GraphQL list begins.
type cursor struct {
	HasNextPage bool   `json:"hasNextPage"`
	EndCursor   string `json:"endCursor"`
}

// talk is a discussion as it is given on: its members are those that GitHub's command line gives issues.
type talk struct {
	Number int    `json:"number"`
	Title  string `json:"title"`
	URL    string `json:"url"`
	utterance
	Comments []comment `json:"comments"`
}

// comment is a comment on a discussion, or a reply to one.
type comment struct {
	ID  string `json:"id"`
	URL string `json:"url"`
	utterance
}

// utterance is what somebody said, with its older wordings.
type utterance struct {
	Body    string    `json:"body"`
	Author  *account  `json:"author"`
	Created time.Time `json:"createdAt"`
	Updated time.Time `json:"updatedAt"`
	Edits   struct {
		Nodes    json.RawMessage `json:"nodes,omitempty"`
		PageInfo cursor          `json:"pageInfo"`
	} `json:"userContentEdits"`
}

// comments is a page of comments as GitHub answers it.
type comments struct {
	PageInfo cursor `json:"pageInfo"`
	Nodes    []struct {
		comment
		Replies struct {
			PageInfo cursor    `json:"pageInfo"`
			Nodes    []comment `json:"nodes"`
		} `json:"replies"`
	} `json:"nodes"`
}

// discussion is a discussion as GitHub answers it.
type discussion struct {
	talk
	Comments comments `json:"comments"`
}

// answered is an answer to one of the queries.
type answered struct {
	Data struct {
		Repository *struct {
			Discussions struct {
				PageInfo cursor       `json:"pageInfo"`
				Nodes    []discussion `json:"nodes"`
			} `json:"discussions"`
			Discussion *struct {
				Comments comments `json:"comments"`
			} `json:"discussion"`
		} `json:"repository"`
	} `json:"data"`
	Errors []struct {
		Type string `json:"type"`
	} `json:"errors"`
}

// discussions reads discussions. All are asked for in every run, and those given on of which any word changed: a discussion does not
// change with its comments.
func (g *github) discussions(about) {
	g.part(g.name+" discussions", func(w *window) {
		for after := (*string)(nil); g.ok; {
			a, err := g.ask(discussionsQuery, map[string]any{"after": after})
			if err != nil {
				g.failed("discussions of "+g.name, err)
				return
			}
			for _, d := range a.Data.Repository.Discussions.Nodes {
				g.discussion(d, w)
			}
			if !a.Data.Repository.Discussions.PageInfo.HasNextPage {
				return
			}
			after = &a.Data.Repository.Discussions.PageInfo.EndCursor
		}
	})
}

// ask asks about the repository.
func (g *github) ask(query string, variables map[string]any) (*answered, error) {
	variables["owner"], variables["name"] = splitName(g.name)
	var p page
	if err := g.api.Query(g.ctx, query, variables, &p); err != nil {
		return nil, err
	}
	var a answered
	switch {
	case json.Unmarshal(p.data, &a) != nil:
		return nil, errNoJSON
	case len(a.Errors) > 0 && a.Errors[0].Type == "RATE_LIMITED":
		return nil, fmt.Errorf("GitHub's rate limit for GraphQL is used up")
	case len(a.Errors) > 0 || a.Data.Repository == nil:
		return nil, fmt.Errorf("GitHub refuses the query; the credential needs to read discussions, and there is no GraphQL without one")
	}
	return &a, nil
}

// discussion gives on a discussion with all its comments.
func (g *github) discussion(d discussion, w *window) {
	what := "discussion " + strconv.Itoa(d.Number) + " of " + g.name
	t := d.talk
	for page := d.Comments; ; {
		t.Comments = append(t.Comments, page.flat()...)
		for _, c := range page.Nodes {
			if c.Replies.PageInfo.HasNextPage {
				g.gap("replies to a comment on "+what, "there are more than 20, which are all that is asked for", "read it at "+c.URL, nil)
			}
		}
		if !page.PageInfo.HasNextPage {
			break
		}
		a, err := g.ask(commentsQuery, map[string]any{"number": d.Number, "after": page.PageInfo.EndCursor})
		if err == nil && a.Data.Repository.Discussion == nil {
			err = errNoJSON
		}
		if err != nil {
			g.failed("comments on "+what, err)
			break
		}
		page = a.Data.Repository.Discussion.Comments
	}
	g.talk(what, t, w)
}

// talk gives on a discussion as a record, if it is fresh.
func (g *github) talk(what string, t talk, w *window) {
	data, err := json.Marshal(t)
	if err != nil {
		g.failed(what, errNoJSON)
		return
	}
	changed, more := t.Updated, false
	for _, u := range t.said() {
		if u.Updated.After(changed) {
			changed = u.Updated
		}
		more = more || u.Edits.PageInfo.HasNextPage
	}
	if !g.ok || !w.fresh(strconv.Itoa(t.Number), changed, data) {
		return
	}
	if more {
		g.gap("older wordings in "+what, "there are more than 5 of one text, which are all that is asked for", "read them at "+t.URL, nil)
	}
	g.record("github", g.path, data, func(at *scanner.Location) { at.URL = cmp.Or(at.URL, t.URL) })
}

// said is all that is said in a discussion.
func (t talk) said() []utterance {
	all := []utterance{t.utterance}
	for _, c := range t.Comments {
		all = append(all, c.utterance)
	}
	return all
}

// flat are comments, each with its replies behind it.
func (c comments) flat() []comment {
	var all []comment
	for _, n := range c.Nodes {
		all = append(append(all, n.comment), n.Replies.Nodes...)
	}
	return all
}
