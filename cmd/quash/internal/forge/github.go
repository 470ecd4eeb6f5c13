package forge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/quash-sh/quash/revoker"
)

// GitHubAPI is the API of github.com.
const GitHubAPI = "https://api.github.com"

// GitHubOptions say how GitHub is reached.
type GitHubOptions struct {
	// API is the root of its REST API: "https://HOST/api/v3" for GitHub Enterprise Server. Empty: [GitHubAPI].
	API string
	// Access holds the token. Its Hosts are not used: the API's own host is.
	Access Access
	// Clock is the time that limits are waited out by. nil: the machine's.
	Clock revoker.Clock
	// Agent is the user agent.
	Agent string
	// Waiting is told of longer waits for a rate limit; nil is told nothing.
	Waiting func(until time.Time)
}

func (o GitHubOptions) clock() revoker.Clock {
	if o.Clock == nil {
		return revoker.SystemClock{}
	}
	return o.Clock
}

// GitHub lists repositories. It is safe for concurrent use.
type GitHub struct {
	api     *github.Client
	graphql string
	hosts   []string
	// anonymous says that there is no token.
	anonymous bool
}

// ErrNotFound is that GitHub knows no such account, or does not show it to the credential.
var ErrNotFound = errors.New("no such account, or the credential may not see it")

// NewGitHub checks the options. It opens no connection.
func NewGitHub(o GitHubOptions) (*GitHub, error) {
	u, err := url.Parse(strings.TrimRight(cmp.Or(o.API, GitHubAPI), "/") + "/")
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("the address of GitHub's API is not a base URL; write it like https://host/api/v3")
	}
	o.Access.Hosts = []string{u.Hostname()}
	if o.Access.Token != nil && !o.Access.confidential(u) {
		return nil, errors.New("the address of GitHub's API is plain http and would give the token away; use https, or an address in a network that network.allow names")
	}
	api := github.NewClient(&http.Client{Transport: &limits{
		next: signed{api: u, access: o.Access, next: network()}, clock: o.clock(), waiting: o.Waiting,
	}})
	api.BaseURL, api.UserAgent = u, o.Agent
	g := &GitHub{
		api: api, graphql: u.String() + "graphql", hosts: []string{u.Hostname(), strings.TrimPrefix(u.Hostname(), "api.")},
		anonymous: o.Access.Token == nil,
	}
	if root, ok := strings.CutSuffix(u.String(), "/api/v3/"); ok {
		g.graphql = root + "/api/graphql"
	}
	return g, nil
}

// network is the network with an end to every wait. Proxies are those of the environment.
func network() *http.Transport {
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: 20 * time.Second}).DialContext, ForceAttemptHTTP2: true,
		TLSHandshakeTimeout: 20 * time.Second, ResponseHeaderTimeout: time.Minute, IdleConnTimeout: time.Minute,
	}
}

// Hosts are the hosts of this GitHub: the API's and the one that repositories are cloned from.
func (g *GitHub) Hosts() []string { return g.hosts }

// accountForm is how users, organisations and enterprises are called, in at most longestAccount bytes.
var accountForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`) })

const longestAccount = 100

func accountName(name string) bool {
	return len(name) <= longestAccount && accountForm().MatchString(name)
}

// Account lists the repositories of an organisation or, where there is none of that name, of a user. When the listing breaks
// off, the repositories until then come with the error.
func (g *GitHub) Account(ctx context.Context, name string) ([]Repository, error) {
	if !accountName(name) {
		return nil, errors.New("not the name of an account at GitHub")
	}
	all, err := pages(func(o github.ListOptions) ([]*github.Repository, *github.Response, error) {
		return g.api.Repositories.ListByOrg(ctx, name, &github.RepositoryListByOrgOptions{Type: "all", Sort: "full_name", ListOptions: o})
	})
	if status(err) == http.StatusNotFound && len(all) == 0 {
		all, err = g.user(ctx, name)
	}
	err = worded(err)
	list := make([]Repository, 0, len(all))
	for _, r := range all {
		one, bad := convert(r)
		err = errors.Join(err, bad)
		if bad == nil && !slices.ContainsFunc(list, func(r Repository) bool { return r.URL == one.URL }) {
			list = append(list, one)
		}
	}
	return list, err
}

// user lists the repositories of a user: those that everybody sees and those that the credential sees beside them, the
// user's own or an App's installation there.
func (g *GitHub) user(ctx context.Context, name string) ([]*github.Repository, error) {
	all, err := pages(func(o github.ListOptions) ([]*github.Repository, *github.Response, error) {
		return g.api.Repositories.ListByUser(ctx, name, &github.RepositoryListByUserOptions{Type: "owner", Sort: "full_name", ListOptions: o})
	})
	if err != nil || g.anonymous {
		return all, err
	}
	more, err := g.own(ctx)
	for _, r := range more {
		if strings.EqualFold(r.GetOwner().GetLogin(), name) {
			all = append(all, r)
		}
	}
	if code := status(err); code == http.StatusForbidden || code == http.StatusNotFound {
		err = nil // the credential is of neither kind
	}
	return all, err
}

// own lists what belongs to the user whose the credential is or, as only users may ask that, to the App's installation.
func (g *GitHub) own(ctx context.Context) ([]*github.Repository, error) {
	all, err := pages(func(o github.ListOptions) ([]*github.Repository, *github.Response, error) {
		return g.api.Repositories.ListByAuthenticatedUser(ctx, &github.RepositoryListByAuthenticatedUserOptions{
			Affiliation: "owner", Sort: "full_name", ListOptions: o,
		})
	})
	if status(err) != http.StatusForbidden {
		return all, err
	}
	return pages(func(o github.ListOptions) ([]*github.Repository, *github.Response, error) {
		list, res, err := g.api.Apps.ListRepos(ctx, &o)
		if err != nil {
			return nil, res, err
		}
		return list.Repositories, res, nil
	})
}

// pages reads all pages of a list.
func pages[T any](get func(github.ListOptions) ([]T, *github.Response, error)) ([]T, error) {
	var all []T
	for o := (github.ListOptions{PerPage: 100}); ; {
		page, res, err := get(o)
		all = append(all, page...)
		if err != nil || res.NextPage == 0 {
			return all, err
		}
		o.Page = res.NextPage
	}
}

// convert takes over what the API says of a repository.
func convert(r *github.Repository) (Repository, error) {
	clone, err := cloneURL(r.GetCloneURL())
	if err != nil {
		return Repository{}, fmt.Errorf("repository %s: its clone URL cannot be used: %w", r.GetFullName(), err)
	}
	visibility := r.GetVisibility()
	switch {
	case visibility != "":
	case r.GetPrivate():
		visibility = "private"
	default:
		visibility = "public"
	}
	return Repository{
		Name: r.GetFullName(), URL: clone, Page: r.GetHTMLURL(), Archived: r.GetArchived(), Fork: r.GetFork(),
		Visibility: visibility, Topics: r.Topics,
	}, nil
}

// organizationsQuery asks for an enterprise's organisations; the REST API has no such list
// (https://docs.github.com/en/graphql/reference/objects#enterprise).
const organizationsQuery = `query($slug:String!,$after:String){enterprise(slug:$slug){organizations(first:100,after:$after){` +
	`pageInfo{hasNextPage endCursor} nodes{login}}}}`

// Organizations lists the organisations of an enterprise that the credential may see.
func (g *GitHub) Organizations(ctx context.Context, enterprise string) ([]string, error) {
	if !accountName(enterprise) {
		return nil, errors.New("not the name of an enterprise at GitHub")
	}
	var names []string
	for after := (*string)(nil); ; {
		page, err := g.organizations(ctx, map[string]any{"slug": enterprise, "after": after})
		if err != nil {
			return names, worded(err)
		}
		for _, n := range page.Nodes {
			names = append(names, n.Login)
		}
		if !page.PageInfo.HasNextPage {
			return names, nil
		}
		after = &page.PageInfo.EndCursor
	}
}

// organizationsPage is one page of the answer.
type organizationsPage struct {
	PageInfo struct {
		HasNextPage bool
		EndCursor   string
	}
	Nodes []struct{ Login string }
}

func (g *GitHub) organizations(ctx context.Context, variables map[string]any) (*organizationsPage, error) {
	req, err := g.api.NewRequest(http.MethodPost, g.graphql, map[string]any{"query": organizationsQuery, "variables": variables})
	if err != nil {
		return nil, err
	}
	var answer struct {
		Data struct {
			Enterprise *struct{ Organizations organizationsPage }
		}
		Errors []struct{ Type string }
	}
	if _, err := g.api.Do(ctx, req, &answer); err != nil {
		return nil, err
	}
	switch {
	case answer.Data.Enterprise != nil && len(answer.Errors) == 0:
		return &answer.Data.Enterprise.Organizations, nil
	case len(answer.Errors) > 0 && answer.Errors[0].Type != "NOT_FOUND":
		return nil, errors.New("GitHub refuses the list; the credential needs read:enterprise or read:org")
	}
	return nil, ErrNotFound
}

// status is the status that an error of the API carries; 0 when it carries none.
func status(err error) int {
	var answered *github.ErrorResponse
	if errors.As(err, &answered) && answered.Response != nil {
		return answered.Response.StatusCode
	}
	return 0
}

// worded is an error of the API in our words. It holds neither body nor query of anything.
func worded(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrNotFound), errors.Is(err, context.Canceled):
		return err
	case status(err) == http.StatusNotFound:
		return ErrNotFound
	}
	return errors.New(cause(err))
}

// cause says why GitHub did not answer as wished.
func cause(err error) string {
	var network *url.Error
	var primary *github.RateLimitError
	var secondary *github.AbuseRateLimitError
	switch code := status(err); {
	case errors.As(err, &primary), errors.As(err, &secondary):
		return "GitHub's rate limit is used up for longer than this run waits"
	case code == http.StatusUnauthorized:
		return "GitHub refuses the credential (401): it is wrong, or has expired"
	case code == http.StatusForbidden:
		return "GitHub denies access (403): the credential may lack a permission or single sign-on"
	case code != 0:
		return fmt.Sprintf("GitHub answered %d", code)
	case errors.As(err, &network):
		return "GitHub cannot be reached: " + network.Err.Error()
	}
	return err.Error()
}
