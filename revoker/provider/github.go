package provider

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

const (
	// githubAPI is where the audit log is read, where no base URL is configured.
	githubAPI = "https://api.github.com"
	// githubPages is how many pages of 100 events a review reads at most.
	githubPages = 20
)

// GitHubOptions configure the review of GitHub tokens.
type GitHubOptions struct {
	// Organization is whose audit log is read, with the operator's credential "github".
	Organization string
}

var _ = register("github", (*Registry).github)

// github is the rule file's flows and, for the review, the audit log of an organization.
func (r *Registry) github(rule *rules.Rule) revoker.Provider {
	p := r.flows(rule)
	p.Reviewer = &githubReviewer{
		client:       r.client,
		api:          cmp.Or(r.base(rule), githubAPI),
		organization: r.options.GitHub.Organization,
		credential:   r.options.Operator["github"],
	}
	return p
}

// githubReviewer searches the audit log of an organization for what was done with a token. GitHub finds it by
// hashed_token, the base64 of the token's SHA-256:
// https://docs.github.com/en/enterprise-cloud@latest/organizations/keeping-your-organization-secure/managing-security-settings-for-your-organization/identifying-audit-log-events-performed-by-an-access-token
type githubReviewer struct {
	client       *client
	api          string
	organization string
	credential   scanner.Secret
}

// githubBlind is what the audit log never shows.
var githubBlind = [...]string{
	"reads through the API are in the audit log only where API request events are switched on for it",
	"Git events (clone, fetch, push) are kept for seven days, other events for 180",
	"what the token did outside this organization is in other audit logs, and for a person's own repositories in that person's security log",
	"keys, webhooks and apps that the token added may outlive it: the events name them, their present state was not read",
}

// Review implements [revoker.Reviewer].
func (g *githubReviewer) Review(ctx context.Context, f scanner.Finding, _ revoker.Verdict, w revoker.Window) (revoker.Activity, error) {
	from, to, spots := bounds(w, g.client.clock.Now())
	a := revoker.Activity{Window: w, BlindSpots: spots}
	switch {
	case g.credential.Len() == 0:
		a.BlindSpots = append(a.BlindSpots, "nothing was asked: set providers.github.credential to a token with read:audit_log, and "+
			"providers.github.organization; the audit log API needs GitHub Enterprise Cloud")
		return a, nil
	case g.organization == "":
		a.BlindSpots = append(a.BlindSpots, "nothing was asked: set providers.github.organization to the organization whose audit log is read")
		return a, nil
	}
	a.Counts = map[string]int{}
	a.BlindSpots = append(a.BlindSpots, githubBlind[:]...)
	return a, g.search(ctx, f, from, to, &a)
}

// search reads the audit log page by page. The error is one that the caller can mend; all else is a blind spot.
func (g *githubReviewer) search(ctx context.Context, f scanner.Finding, from, to time.Time, a *revoker.Activity) error {
	api, err := g.connect(f)
	if err != nil {
		a.BlindSpots = append(a.BlindSpots, "nothing was asked: the base URL of GitHub cannot be read")
		return nil
	}
	sum := sha256.Sum256([]byte(f.Token().Reveal()))
	phrase := fmt.Sprintf("hashed_token:%q created:%s..%s", base64.StdEncoding.EncodeToString(sum[:]),
		from.Format(time.RFC3339), to.Format(time.RFC3339))
	all := "all"
	o := &github.GetAuditLogOptions{Phrase: &phrase, Include: &all, ListCursorOptions: github.ListCursorOptions{PerPage: 100}}
	for range githubPages {
		entries, res, err := api.Organizations.GetAuditLog(ctx, g.organization, o)
		if err != nil {
			a.BlindSpots = append(a.BlindSpots, "the audit log was not read to its end: "+githubCause(err))
			return errors.Join(ctx.Err(), mendable(err))
		}
		for _, e := range entries {
			a.Events = append(a.Events, githubEvent(e, f))
			a.Counts[e.GetAction()]++
		}
		if res.After == "" {
			return nil
		}
		o.After = res.After
	}
	a.BlindSpots = append(a.BlindSpots, fmt.Sprintf("only the newest %d events were read", githubPages*100))
	return nil
}

// connect makes a go-github client that sends through the gate.
func (g *githubReviewer) connect(f scanner.Finding) (*github.Client, error) {
	u, err := url.Parse(g.api + "/")
	if err != nil {
		return nil, err
	}
	through := g.client.http(call{origins: []string{origin(u)}, key: f.ID})
	api := github.NewClient(through).WithAuthToken(g.credential.Reveal())
	api.BaseURL = u
	return api, nil
}

// githubEvent is an audit log entry as an event, with nothing in it that holds the key.
func githubEvent(e *github.AuditEntry, f scanner.Finding) revoker.Event {
	field := func(name string) string {
		text, _ := e.AdditionalFields[name].(string)
		return clean(text, f)
	}
	at := e.GetTimestamp().Time
	if at.IsZero() {
		at = e.GetCreatedAt().Time
	}
	return revoker.Event{
		At: at.UTC(), Kind: clean(e.GetAction(), f), Actor: clean(e.GetActor(), f), IP: field("actor_ip"),
		Object: cmp.Or(field("repo"), field("repository"), clean(e.GetUser(), f), clean(e.GetOrg(), f)),
		Detail: field("user_agent"), Outlives: githubOutlives(e.GetAction()),
	}
}

// githubOutlives says whether what the action made goes on after the token is dead.
func githubOutlives(action string) bool {
	for _, made := range [...]string{
		"hook.create", "public_key.create", "deploy_key.create", "oauth_authorization.create", "personal_access_token.",
		"integration_installation.create", "org.add_member", "repo.add_member", "repo.access",
	} {
		if strings.HasPrefix(action, made) {
			return true
		}
	}
	return false
}

// githubCause says why GitHub did not answer as wished, without the request's URL or the answer's text.
func githubCause(err error) string {
	var failed *callError
	var answered *github.ErrorResponse
	switch {
	case errors.As(err, &failed):
		return failed.Error()
	case errors.As(err, &answered) && answered.Response != nil:
		code := answered.Response.StatusCode
		if code == 403 || code == 404 {
			return fmt.Sprintf("GitHub answered %d: the credential needs read:audit_log, and the organization GitHub Enterprise Cloud", code)
		}
		return fmt.Sprintf("GitHub answered %d", code)
	}
	return "GitHub's rate limit or an answer that cannot be read"
}
