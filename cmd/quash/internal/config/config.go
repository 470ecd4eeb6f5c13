// Package config reads quash's configuration: one strict YAML file.
//
// There are two kinds of file, and they are not trusted alike. The operator's file (--config, QUASH_CONFIG, or config.yaml
// in the user's configuration directory) may say everything below. A .quash.yaml in a scanned directory belongs to whoever
// can push there: it may narrow a scan (section scan) and say nothing else. It can never add a host, a rule, a credential or a
// policy.
//
// No file holds a credential. Where one is needed the file names an environment variable or a file that holds it.
package config

import (
	"net/netip"
	"path/filepath"
	"time"

	"github.com/quash-sh/quash/rules"
)

// Config is the operator's configuration. The zero value is a good one.
type Config struct {
	// Scan narrows scans.
	Scan Scan `yaml:"scan"`
	// Fields names the members, columns or elements of exports that quash does not know the names of, by what they mean: record,
	// author, time, text, url. A name, or one with the name of the object around it: "agent.name". --field goes before it.
	Fields map[string]string `yaml:"fields"`
	// Rules are rule files added to the built-in ones.
	Rules []string `yaml:"rules"`
	// State is the directory of journal, store and plans.
	State string `yaml:"state"`
	// IDKey keys finding IDs; without it the documented default is used.
	IDKey Credential `yaml:"id_key"`
	// Policy is the policy file that --execute uses when none is named.
	Policy string `yaml:"policy"`
	// Agiled is how to reach Agiled and how to revoke its keys.
	Agiled Agiled `yaml:"agiled"`
	// Providers are the other issuers, by provider name.
	Providers map[string]Provider `yaml:"providers"`
	// Network bounds what is reached.
	Network Network `yaml:"network"`
	// Kill are the kill switches, all of which are read before every call to an issuer.
	Kill Kill `yaml:"kill"`
	// Webhook is the webhook that quash serve takes.
	Webhook Webhook `yaml:"webhook"`

	// dir is where the file stands; relative paths in it start there.
	dir string
}

// Scan narrows a scan. A .quash.yaml of a scanned directory may hold this section alone.
type Scan struct {
	// Exclude are path patterns in .gitignore syntax that are not read.
	Exclude []string `yaml:"exclude"`
	// Skip are rule ids that are not used.
	Skip []string `yaml:"skip"`
	// MinConfidence drops findings below it: low, medium or high.
	MinConfidence rules.Confidence `yaml:"min_confidence"`
}

// Credential names where a credential is kept.
type Credential struct {
	// Env is an environment variable, File a file; at most one is set. Of a file, trailing white space is dropped.
	Env  string `yaml:"env"`
	File string `yaml:"file"`
}

// Set reports whether a place is named.
func (c Credential) Set() bool { return c.Env != "" || c.File != "" }

// Provider is what an operator says of an issuer.
type Provider struct {
	// BaseURL is the https origin of a self-hosted service or package registry.
	BaseURL string `yaml:"base_url"`
	// Credential is the operator's own, for reviews and for revokes that need one.
	Credential Credential `yaml:"credential"`
	// Organization is the operator's organisation at the issuer.
	Organization string `yaml:"organization"`
	// Vars replace the rule file's patterns of the same name.
	Vars map[string]string `yaml:"vars"`
}

// Agiled is what the operator says of Agiled.
type Agiled struct {
	// BaseURL is the API base URL that Agiled's API settings page shows, with or without /public/v1.
	BaseURL string `yaml:"base_url"`
	// KeyPattern is an RE2 expression for the shape of keys, which Agiled does not document.
	KeyPattern string `yaml:"key_pattern"`
	// KnownGood is a key that is known to be live: it proves the base URL before a 401 is believed.
	KnownGood Credential `yaml:"known_good"`
	// ReviewKey is another, preferably read-only, key of the same organisation.
	ReviewKey Credential `yaml:"review_key"`
	// ExpectedTargets are hosts of webhook subscriptions that are ours.
	ExpectedTargets []string `yaml:"expected_targets"`
	// Revoke chooses how keys are revoked.
	Revoke AgiledRevoke `yaml:"revoke"`
}

// AgiledRevoke is how Agiled keys are revoked. Agiled documents no request for it.
type AgiledRevoke struct {
	// Mode is manual (default), endpoint or command.
	Mode     string         `yaml:"mode"`
	Endpoint AgiledEndpoint `yaml:"endpoint"`
	// Command is a program and its arguments; it gets the key on standard input.
	Command []string `yaml:"command"`
}

// AgiledEndpoint is the operator's own endpoint that revokes Agiled keys.
type AgiledEndpoint struct {
	Method     string            `yaml:"method"`
	URL        string            `yaml:"url"`
	Header     map[string]string `yaml:"header"`
	Body       string            `yaml:"body"`
	Success    []int             `yaml:"success"`
	Credential Credential        `yaml:"credential"`
}

// Network bounds what is reached.
type Network struct {
	// Allow are internal networks (CIDR) that issuers may be on; without it only public addresses are reached.
	Allow []netip.Prefix `yaml:"allow"`
	// Timeout is for one request. 0: 15 s.
	Timeout time.Duration `yaml:"timeout"`
	// Logins are the servers that a password found beside their address may be tried at: hosts, "*.DOMAIN", addresses and networks.
	// Without it no login is tried anywhere.
	Logins []string `yaml:"logins"`
	// PlainLogins are those of them that may be shown the password itself without encryption.
	PlainLogins []string `yaml:"plain_logins"`
}

// Kill are kill switches. Each one that is set must say go; one that cannot be read says stop.
type Kill struct {
	// File stops everything while it exists.
	File string `yaml:"file"`
	// Env stops everything while the variable is set to anything but empty, 0 or false.
	Env string `yaml:"env"`
	// Endpoint is an https URL that answers 200 with the body "go".
	Endpoint string `yaml:"endpoint"`
}

// Vars are the pattern pieces that the operator set, as rules.Options wants them.
func (c Config) Vars() map[string]string {
	vars := map[string]string{}
	if c.Agiled.KeyPattern != "" {
		vars["agiled.key_pattern"] = c.Agiled.KeyPattern
	}
	for provider, p := range c.Providers {
		for name, v := range p.Vars {
			vars[provider+"."+name] = v
		}
	}
	return vars
}

// StateDir is where journal, store and plans are kept: the flag, the environment (QUASH_STATE), the file, or the user's
// state directory (XDG_STATE_HOME).
func (c Config) StateDir(flag string, getenv func(string) string) string {
	for _, dir := range [...]string{flag, getenv("QUASH_STATE"), c.Path(c.State)} {
		if dir != "" {
			return dir
		}
	}
	dir := getenv("XDG_STATE_HOME")
	if dir == "" {
		dir = filepath.Join(getenv("HOME"), ".local", "state")
	}
	return filepath.Join(dir, "quash")
}
