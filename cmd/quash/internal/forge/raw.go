package forge

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/quash-sh/quash/revoker"
)

// Body writes what GitHub answers to a GET of a path, relative to the root of its API, as it is. It returns the number of the next
// page; 0 when this is the last.
func (g *GitHub) Body(ctx context.Context, path string, to io.Writer) (next int, err error) {
	req, err := g.api.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return 0, err
	}
	res, err := g.api.Do(ctx, req, to)
	if err != nil {
		return 0, err
	}
	return res.NextPage, nil
}

// File is Body for what may be large. Redirects are followed, without the credential. The caller closes the file.
func (g *GitHub) File(ctx context.Context, path string) (io.ReadCloser, error) {
	req, err := g.api.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	res, err := g.api.BareDo(ctx, req)
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}

// Query writes what GitHub's GraphQL API answers, as it is.
func (g *GitHub) Query(ctx context.Context, query string, variables map[string]any, to io.Writer) error {
	req, err := g.api.NewRequest(http.MethodPost, g.graphql, map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	_, err = g.api.Do(ctx, req, to)
	return err
}

// Wiki is the git repository of a repository's wiki. It has none where the wiki is switched off; one that is on and has no page has none
// either, which fetching it shows ([NoSuch]).
func (g *GitHub) Wiki(ctx context.Context, name string) (wiki Repository, has bool, err error) {
	owner, base, _ := strings.Cut(name, "/")
	all, _, err := g.api.Repositories.Get(ctx, owner, base)
	if err != nil || !all.GetHasWiki() {
		return Repository{}, false, err
	}
	r, err := convert(all)
	if err != nil {
		return Repository{}, false, err
	}
	return Repository{Name: r.Name + ".wiki", URL: strings.TrimSuffix(r.URL, ".git") + ".wiki.git", Visibility: r.Visibility}, true, nil
}

// Status is the HTTP status that an error of the API carries; 0 when it carries none.
func Status(err error) int { return status(err) }

// Cause says in a few words why GitHub did not answer as wished. It holds no body, no query and no credential.
func Cause(err error) string { return cause(err) }

// Limited reports whether an error says that a rate limit lasts longer than is waited for.
func Limited(err error) bool {
	var primary *github.RateLimitError
	var secondary *github.AbuseRateLimitError
	return errors.As(err, &primary) || errors.As(err, &secondary)
}

// NewClient is a client for the API at a root: it shows the token to that alone, over TLS or where it is trusted otherwise, follows no
// redirect, and waits out rate limits as [GitHub] does.
func NewClient(root *url.URL, a Access, clock revoker.Clock) (*http.Client, error) {
	a.Hosts = []string{root.Hostname()}
	if !a.confidential(root) {
		return nil, errors.New("the address is plain http and would give the key away; use https, or an address in a network that network.allow names")
	}
	wire := network()
	return &http.Client{
		Transport:     closing{&limits{next: signed{api: root, access: a, next: wire}, clock: clock}, wire},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, nil
}

// closing lets http.Client.CloseIdleConnections reach the wire.
type closing struct {
	http.RoundTripper
	wire *http.Transport
}

// CloseIdleConnections closes connections that are not in use.
func (c closing) CloseIdleConnections() { c.wire.CloseIdleConnections() }
