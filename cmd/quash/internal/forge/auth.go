package forge

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-github/v60/github"

	"github.com/quash-sh/quash/revoker"
)

// Token gives the credential for the forge; empty is none. It is asked whenever one is needed, so that a token that was
// replaced while a long run went on is the new one. Being a function, it prints as an address.
type Token func(ctx context.Context) (string, error)

// Access says who may be shown the forge's token.
type Access struct {
	// Token is the token; nil is none.
	Token Token
	// Hosts are the forge's host names, without ports.
	Hosts []string
	// Networks are where plain http is trusted, beside loopback.
	Networks []netip.Prefix
}

// to returns the token for a URL; empty where it must not be shown.
func (a Access) to(ctx context.Context, u *url.URL) (string, error) {
	if a.Token == nil || !slices.Contains(a.Hosts, u.Hostname()) || !a.confidential(u) {
		return "", nil
	}
	return a.Token(ctx)
}

// confidential reports whether nobody on the way to a URL can read along.
func (a Access) confidential(u *url.URL) bool {
	if u.Scheme != "http" {
		return u.Scheme == "https"
	}
	at, err := netip.ParseAddr(u.Hostname())
	return err == nil && (at.IsLoopback() || slices.ContainsFunc(a.Networks, func(p netip.Prefix) bool { return p.Contains(at) }))
}

// AppOptions name an installation of a GitHub App.
type AppOptions struct {
	// ID is the App's, Installation that of its installation in the organisation.
	ID, Installation int64
	// Key is the App's private key as GitHub gives it: RSA in PEM.
	Key []byte
	// API is how the API is reached; its Access.Token is not used.
	API GitHubOptions
	// Learn is told every token that was made, before anybody else; nil is told nothing.
	Learn func(token string)
}

// App authenticates as an installation of a GitHub App. It is safe for concurrent use.
type App struct {
	id, installation int64
	key              *rsa.PrivateKey
	clock            revoker.Clock
	learn            func(string)
	api              *github.Client

	mu      sync.Mutex
	token   string
	expires time.Time
}

const (
	// appSkew is how far the clocks may differ; appLife is how long a signed claim is valid, below GitHub's limit of ten
	// minutes (https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app).
	appSkew = time.Minute
	appLife = 8 * time.Minute
	// appSpare is how long before its end a token is no longer handed out: a fetch may take a while to begin.
	appSpare = 10 * time.Minute
)

// NewApp checks the key. It opens no connection.
func NewApp(o AppOptions) (*App, error) {
	if o.ID <= 0 || o.Installation <= 0 {
		return nil, errors.New("app: its id or its installation's id is missing; both stand on the App's pages at GitHub")
	}
	key, err := jwt.ParseRSAPrivateKeyFromPEM(o.Key)
	if err != nil {
		return nil, errors.New("app: the file is no RSA private key in PEM; download one from the App's page at GitHub")
	}
	a := &App{id: o.ID, installation: o.Installation, key: key, clock: o.API.clock(), learn: o.Learn}
	o.API.Access.Token = a.Claim
	g, err := NewGitHub(o.API)
	if err != nil {
		return nil, err
	}
	a.api = g.api
	return a, nil
}

// Claim is a [Token]: the signed statement that one is the App. GitHub takes it where the App itself is asked about, and no token
// of an installation there.
func (a *App) Claim(context.Context) (string, error) {
	now := a.clock.Now()
	return jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.RegisteredClaims{
		Issuer: strconv.FormatInt(a.id, 10), IssuedAt: jwt.NewNumericDate(now.Add(-appSkew)), ExpiresAt: jwt.NewNumericDate(now.Add(appLife)),
	}).SignedString(a.key)
}

// Token is a [Token]: that of the installation, made anew before it expires.
func (a *App) Token(ctx context.Context) (string, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.token != "" && a.clock.Now().Add(appSpare).Before(a.expires) {
		return a.token, nil
	}
	t, _, err := a.api.Apps.CreateInstallationToken(ctx, a.installation, nil)
	if err != nil {
		return "", fmt.Errorf("app %d: no token for installation %d: %s; check both ids and the key", a.id, a.installation, cause(err))
	}
	a.token, a.expires = t.GetToken(), t.GetExpiresAt().Time
	if a.learn != nil {
		a.learn(a.token)
	}
	return a.token, nil
}

// signed adds the token to requests to the API, and to no others: a redirect may lead away.
type signed struct {
	api    *url.URL
	access Access
	next   http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (s signed) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != s.api.Scheme || !strings.EqualFold(req.URL.Host, s.api.Host) {
		return s.next.RoundTrip(req)
	}
	token, err := s.access.to(req.Context(), req.URL)
	if err != nil {
		return nil, err
	}
	if token != "" {
		req = req.Clone(req.Context())
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return s.next.RoundTrip(req)
}
