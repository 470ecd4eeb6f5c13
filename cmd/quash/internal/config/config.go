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
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"go.yaml.in/yaml/v3"
)

// Config is the operator's configuration. The zero value is a good one.
type Config struct {
	// Scan narrows scans.
	Scan Scan `yaml:"scan"`
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

// Load reads the operator's file. An empty path takes QUASH_CONFIG, then the user's configuration directory, where the file
// may be absent.
func Load(path string, getenv func(string) string) (Config, error) {
	optional := false
	if path == "" {
		path = getenv("QUASH_CONFIG")
	}
	if path == "" {
		optional = true
		path = defaultPath(getenv)
	}
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) && optional {
		return Config{}, nil
	}
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w; name another with --config", err)
	}
	c := Config{dir: filepath.Dir(path)}
	if err := decode(data, &c); err != nil {
		return Config{}, fmt.Errorf("configuration %s: %w", path, err)
	}
	if err := c.check(); err != nil {
		return Config{}, fmt.Errorf("configuration %s: %w", path, err)
	}
	return c, nil
}

func defaultPath(getenv func(string) string) string {
	dir := getenv("XDG_CONFIG_HOME")
	if dir == "" {
		dir = filepath.Join(getenv("HOME"), ".config")
	}
	return filepath.Join(dir, "quash", "config.yaml")
}

// LoadNarrowing reads the .quash.yaml of a scanned directory. It is absent more often than not.
func LoadNarrowing(dir string) (Scan, error) {
	path := filepath.Join(dir, ".quash.yaml")
	data, err := os.ReadFile(path)
	if err != nil {
		return Scan{}, nil // absent, or not readable: then it cannot narrow
	}
	var only struct {
		Scan Scan `yaml:"scan"`
	}
	if err := decode(data, &only); err != nil {
		return Scan{}, fmt.Errorf("%s: %w; a file in a scanned directory may only hold the section scan", path, err)
	}
	return only.Scan, only.Scan.check()
}

func decode(data []byte, into any) error {
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	err := d.Decode(into)
	if errors.Is(err, io.EOF) { // an empty file
		return nil
	}
	if err != nil {
		return errors.New(strings.ReplaceAll(strings.TrimPrefix(err.Error(), "yaml: "), "\n  ", " "))
	}
	return nil
}

func (c Config) check() error {
	for name, p := range c.Providers {
		if err := checkOrigin("providers."+name+".base_url", p.BaseURL); err != nil {
			return err
		}
		if name == "agiled" {
			return errors.New("providers.agiled: Agiled has a section of its own, agiled")
		}
	}
	if err := checkOrigin("agiled.base_url", c.Agiled.BaseURL); err != nil {
		return err
	}
	switch c.Agiled.Revoke.Mode {
	case "", "manual", "endpoint", "command":
	default:
		return fmt.Errorf("agiled.revoke.mode %q: not known; it is manual, endpoint or command", c.Agiled.Revoke.Mode)
	}
	return c.Scan.check()
}

func (s Scan) check() error {
	switch s.MinConfidence {
	case "", rules.Low, rules.Medium, rules.High:
		return nil
	}
	return fmt.Errorf("scan.min_confidence %q: not known; it is low, medium or high", s.MinConfidence)
}

func checkOrigin(field, raw string) error {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("%s %q: not a base URL; write https://host", field, raw)
	}
	return nil
}

// Secret reads a credential from its place. It is empty when no place is named.
func (c Config) Secret(field string, at Credential, getenv func(string) string) (scanner.Secret, error) {
	switch {
	case at.Env != "" && at.File != "":
		return scanner.Secret{}, fmt.Errorf("%s: names both env and file; keep one", field)
	case at.Env != "":
		v := getenv(at.Env)
		if v == "" {
			return scanner.Secret{}, fmt.Errorf("%s: environment variable %s is not set", field, at.Env)
		}
		return scanner.NewSecret(v), nil
	case at.File != "":
		data, err := os.ReadFile(c.Path(at.File))
		if err != nil {
			return scanner.Secret{}, fmt.Errorf("%s: %w", field, err)
		}
		return scanner.NewSecret(strings.TrimRight(string(data), " \t\r\n")), nil
	}
	return scanner.Secret{}, nil
}

// Path resolves a path that stands in the file.
func (c Config) Path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.dir, p)
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
