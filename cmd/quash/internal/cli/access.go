package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/scanner"
	"github.com/spf13/pflag"
)

// appFlags name a GitHub App to authenticate as.
type appFlags struct {
	id, installation int64
	key              string
}

func (a *appFlags) flags(f *pflag.FlagSet) {
	f.Int64Var(&a.id, "app-id", 0, "authenticate as this GitHub App")
	f.Int64Var(&a.installation, "app-installation", 0, "the id of the App's installation")
	f.StringVar(&a.key, "app-key", "", "file of the App's private key")
}

// open reads the App's key.
func (a *appFlags) open(api forge.GitHubOptions, learn func(string)) (*forge.App, error) {
	key, err := os.ReadFile(a.key)
	if err != nil {
		return nil, fmt.Errorf("read the App's key: %w; name its file with --app-key", err)
	}
	return forge.NewApp(forge.AppOptions{ID: a.id, Installation: a.installation, Key: key, API: api, Learn: learn})
}

// github makes the client of GitHub's API, and says who gets the credential. It opens no connection.
func (g *globals) github(c config.Config, app appFlags) (*forge.GitHub, forge.Access, error) {
	o := forge.GitHubOptions{
		API: g.githubAPI(c), Clock: g.env.clock(), Agent: "quash/" + Version(), Access: forge.Access{Networks: c.Network.Allow},
		Waiting: func(until time.Time) {
			g.note("GitHub's rate limit is used up; waiting until %s UTC", until.UTC().Format(time.TimeOnly))
		},
	}
	var err error
	if o.Access.Token, err = g.githubToken(c, app, o); err != nil {
		return nil, forge.Access{}, err
	}
	client, err := forge.NewGitHub(o)
	if err != nil {
		return nil, forge.Access{}, err
	}
	o.Access.Hosts = client.Hosts()
	return client, o.Access, nil
}

// githubAPI is where the configuration or the environment says that GitHub is; empty for github.com.
func (g *globals) githubAPI(c config.Config) string {
	return cmp.Or(c.Providers["github"].BaseURL, g.env.getenv("GITHUB_API_URL"))
}

// githubToken is the credential: the App's, the configuration's, or the environment's.
func (g *globals) githubToken(c config.Config, app appFlags, api forge.GitHubOptions) (forge.Token, error) {
	if app.id != 0 || app.key != "" {
		a, err := app.open(api, func(s string) { g.env.Redactor.AddSecret(scanner.NewSecret(s)) })
		if err != nil {
			return nil, err
		}
		return a.Token, nil
	}
	at := c.Providers["github"].Credential
	if !at.Set() && g.env.getenv("GITHUB_TOKEN") != "" {
		at = config.Credential{Env: "GITHUB_TOKEN"}
	}
	return g.tokenAt(c, "providers.github.credential", at)
}

// tokenAt is a credential that is read where it stands whenever it is needed; nil when no place is named. The redactor knows it before
// anybody else does.
func (g *globals) tokenAt(c config.Config, field string, at config.Credential) (forge.Token, error) {
	if !at.Set() {
		return nil, nil
	}
	if _, err := g.credential(c, field, at); err != nil {
		return nil, err
	}
	return func(context.Context) (string, error) {
		value := g.env.getenv(at.Env)
		if at.File != "" {
			data, err := os.ReadFile(c.Path(at.File))
			if err != nil {
				return "", fmt.Errorf("%s: %w", field, err)
			}
			value = strings.TrimRight(string(data), " \t\r\n")
		}
		g.env.Redactor.AddSecret(scanner.NewSecret(value))
		return value, nil
	}, nil
}
