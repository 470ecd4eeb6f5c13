package jobs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/quash-sh/quash/cmd/quash/internal/forge"
)

// GitHubOptions say how GitHub's API is reached.
type GitHubOptions struct {
	// API is its root, "https://api.github.com" or "https://HOST/api/v3".
	API string
	// Token is the credential; check runs want an App's.
	Token forge.Token
	// Hook is the webhook whose failed deliveries are asked for again: "orgs/NAME/ID", "repos/OWNER/NAME/ID", or "app" for that of
	// the App. Empty: none is.
	Hook string
	// App is the App's own claim, which its hook wants (forge.App).
	App forge.Token
	// Checks says that commits get check runs.
	Checks bool
	// Agent is the user agent, Timeout bounds a request.
	Agent   string
	Timeout time.Duration
}

// GitHub is a [Forge].
type GitHub struct {
	api    *github.Client
	checks bool
	// list and again are of the hook; nil when there is none.
	list  func(ctx context.Context, o *github.ListCursorOptions) ([]*github.HookDelivery, *github.Response, error)
	again func(ctx context.Context, id int64) (*github.HookDelivery, *github.Response, error)
}

// NewGitHub checks the options. It opens no connection.
func NewGitHub(o GitHubOptions) (*GitHub, error) {
	u, err := url.Parse(strings.TrimRight(o.API, "/") + "/")
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Hostname() != "127.0.0.1" {
		return nil, errors.New("the address of GitHub's API is not an https URL; write it like https://host/api/v3")
	}
	g := &GitHub{api: o.client(u, o.Token), checks: o.Checks}
	if o.Hook == "app" {
		return g, g.appHook(o.client(u, o.App), o.App)
	}
	return g, g.hook(o.Hook)
}

// client is a client of the API that shows a token.
func (o GitHubOptions) client(api *url.URL, token forge.Token) *github.Client {
	c := github.NewClient(&http.Client{
		Timeout: o.Timeout, Transport: bearer{api, token, http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	c.BaseURL, c.UserAgent = api, o.Agent
	return c
}

// appHook prepares for the deliveries of the App's webhook.
func (g *GitHub) appHook(api *github.Client, claim forge.Token) error {
	if claim == nil {
		return errors.New("webhook.hook: the App's webhook wants the App itself; give --app-id, --app-installation and --app-key")
	}
	g.list, g.again = api.Apps.ListHookDeliveries, api.Apps.RedeliverHookDelivery
	return nil
}

// hook prepares for the deliveries of a webhook.
func (g *GitHub) hook(name string) error {
	if name == "" {
		return nil
	}
	parts := strings.Split(name, "/")
	id, err := strconv.ParseInt(parts[len(parts)-1], 10, 64)
	switch {
	case err == nil && len(parts) == 3 && parts[0] == "orgs":
		g.list = func(ctx context.Context, o *github.ListCursorOptions) ([]*github.HookDelivery, *github.Response, error) {
			return g.api.Organizations.ListHookDeliveries(ctx, parts[1], id, o)
		}
		g.again = func(ctx context.Context, delivery int64) (*github.HookDelivery, *github.Response, error) {
			return g.api.Organizations.RedeliverHookDelivery(ctx, parts[1], id, delivery)
		}
	case err == nil && len(parts) == 4 && parts[0] == "repos":
		g.list = func(ctx context.Context, o *github.ListCursorOptions) ([]*github.HookDelivery, *github.Response, error) {
			return g.api.Repositories.ListHookDeliveries(ctx, parts[1], parts[2], id, o)
		}
		g.again = func(ctx context.Context, delivery int64) (*github.HookDelivery, *github.Response, error) {
			return g.api.Repositories.RedeliverHookDelivery(ctx, parts[1], parts[2], id, delivery)
		}
	default:
		return errors.New("webhook.hook: not a webhook; write orgs/NAME/ID, repos/OWNER/NAME/ID, or app")
	}
	return nil
}

// bearer adds the token to requests to the API.
type bearer struct {
	api   *url.URL
	token forge.Token
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	if b.token == nil || req.URL.Host != b.api.Host || req.URL.Scheme != b.api.Scheme {
		return b.next.RoundTrip(req)
	}
	token, err := b.token(req.Context())
	if err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+token)
	return b.next.RoundTrip(req)
}

// Check implements [Forge].
func (g *GitHub) Check(ctx context.Context, c Check) error {
	if !g.checks {
		return nil
	}
	owner, name, _ := strings.Cut(c.Name, "/")
	run := c.checkRun()
	all := run.Output.Annotations
	batch := func() (next []*github.CheckRunAnnotation) {
		next, all = all[:min(len(all), perRequest)], all[min(len(all), perRequest):]
		return next
	}
	run.Output.Annotations = batch()
	made, _, err := g.api.Checks.CreateCheckRun(ctx, owner, name, run)
	for err == nil && len(all) > 0 {
		run.Output.Annotations = batch()
		_, _, err = g.api.Checks.UpdateCheckRun(ctx, owner, name, made.GetID(), github.UpdateCheckRunOptions{Name: run.Name, Output: run.Output})
	}
	if err != nil {
		return fmt.Errorf("check run for %s of %s: %s", short(c.Head), c.Name, said(err))
	}
	return nil
}

// perRequest is how many annotations GitHub takes in one request; an update adds to those that are there
// (https://docs.github.com/en/rest/checks/runs#update-a-check-run).
const perRequest = 50

// checkRun is what GitHub shows beside a commit.
func (c Check) checkRun() github.CreateCheckRunOptions {
	name, title, conclusion := "quash", "no keys", "success"
	switch {
	case c.Keys > 0:
		title, conclusion = fmt.Sprintf("%d leaked keys", c.Keys), "failure"
		if c.Keys == 1 {
			title = "1 leaked key"
		}
	case !c.Complete:
		title, conclusion = "incomplete: not everything could be read", "neutral"
	}
	var b strings.Builder
	if c.Keys > 0 {
		b.WriteString("A key that was pushed is known to others. quash asks its issuer whether it lives, and plans or acts by its operator's policy; " +
			"taking the key out of the repository does not make it safe.\n")
	}
	if c.Live {
		name = "quash: live keys"
		b.WriteString("The repository lets it stand, and its issuer accepts it: an active key overrides an ignore.\n")
	}
	if c.Left > 0 {
		fmt.Fprintf(&b, "\n%d more places are not shown here; quash show tells all places of a key.\n", c.Left)
	}
	for _, gap := range c.Gaps {
		b.WriteString("\n- not seen: " + gap)
	}
	output := &github.CheckRunOutput{Title: &title, Summary: github.String(orElse(b.String(), "Everything that was pushed was read."))}
	for _, n := range c.Notes {
		if n.Path == "" {
			continue // a key in a message stands in no file
		}
		line := max(n.Line, 1)
		output.Annotations = append(output.Annotations, &github.CheckRunAnnotation{
			Path: github.String(n.Path), StartLine: github.Int(line), EndLine: github.Int(line), AnnotationLevel: github.String("failure"),
			Title: github.String(n.Title), Message: github.String(n.Text),
		})
	}
	return github.CreateCheckRunOptions{
		Name: name, HeadSHA: c.Head, Status: github.String("completed"), Conclusion: &conclusion, Output: output,
	}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// Redeliver implements [Forge]. Deliveries come newest first; one that succeeded speaks for all earlier ones with its GUID.
func (g *GitHub) Redeliver(ctx context.Context, since time.Time) (int, error) {
	if g.list == nil {
		return 0, nil
	}
	settled := map[string]bool{}
	asked := 0
	for o := (&github.ListCursorOptions{PerPage: 100}); ; {
		page, res, err := g.list(ctx, o)
		if err != nil {
			return asked, fmt.Errorf("list deliveries: %s", said(err))
		}
		for _, d := range page {
			if d.GetDeliveredAt().Before(since) {
				return asked, nil
			}
			if failed := d.GetStatusCode() < 200 || d.GetStatusCode() > 299; failed && !settled[d.GetGUID()] {
				if _, _, err := g.again(ctx, d.GetID()); err != nil && !wasAccepted(err) {
					return asked, fmt.Errorf("ask for a delivery again: %s", said(err))
				}
				asked++
			}
			settled[d.GetGUID()] = true
		}
		if o.Cursor = res.Cursor; o.Cursor == "" {
			return asked, nil
		}
	}
}

// wasAccepted reports whether an error is go-github's way of saying 202.
func wasAccepted(err error) bool {
	var accepted *github.AcceptedError
	return errors.As(err, &accepted)
}

// said is what GitHub said, without the request, whose address may hold what is not for a log.
func said(err error) string {
	var answer *github.ErrorResponse
	if errors.As(err, &answer) && answer.Response != nil {
		return fmt.Sprintf("%d %s", answer.Response.StatusCode, answer.Message)
	}
	var failed *url.Error
	if errors.As(err, &failed) {
		return failed.Err.Error()
	}
	return err.Error()
}
