package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/quash-sh/quash/rules"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func none(string) string { return "" }

func env(m map[string]string) func(string) string { return func(name string) string { return m[name] } }

func TestLoadPlaces(t *testing.T) {
	a, b := write(t, "a.yaml", "state: a\n"), write(t, "b.yaml", "state: b\n")
	home := filepath.Join(t.TempDir(), "home")
	if err := os.MkdirAll(filepath.Join(home, ".config", "quash"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, ".config", "quash", "config.yaml"), []byte("state: home\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		flag string
		env  map[string]string
		want string
	}{
		"flag first":  {a, map[string]string{"QUASH_CONFIG": b}, "a"},
		"then env":    {"", map[string]string{"QUASH_CONFIG": b, "HOME": home}, "b"},
		"then home":   {"", map[string]string{"HOME": home}, "home"},
		"or XDG":      {"", map[string]string{"HOME": "/nowhere", "XDG_CONFIG_HOME": filepath.Join(home, ".config")}, "home"},
		"or nothing":  {"", map[string]string{"HOME": "/nowhere"}, ""},
		"an empty is": {write(t, "c.yaml", "# nothing\n"), nil, ""},
	} {
		got, err := Load(c.flag, env(c.env))
		if err != nil || got.State != c.want {
			t.Errorf("%s: %q, %v", name, got.State, err)
		}
	}
	for _, missing := range []map[string]string{{"QUASH_CONFIG": "/nowhere/c.yaml"}} {
		if _, err := Load("", env(missing)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a file that is named and not there: %v", err)
		}
	}
}

// Everything that can be configured reads back.
func TestLoadAll(t *testing.T) {
	path := write(t, "c.yaml", `
scan: {exclude: [vendor/], skip: [jwt-token], min_confidence: high}
rules: [acme.yaml]
state: st
id_key: {env: ID_KEY}
policy: policy.yaml
agiled:
  base_url: https://api.agiled.ai
  key_pattern: '[a-z]{40}'
  known_good: {env: GOOD}
  review_key: {file: review}
  expected_targets: [hooks.acme.example]
  revoke: {mode: endpoint, endpoint: {method: POST, url: 'https://ops.acme.example/revoke', header: {A: b}, body: '{}', success: [202], credential: {env: OPS}}}
providers:
  gitlab: {base_url: 'https://git.acme.example', credential: {env: GL}, vars: {prefix: x}}
  github: {organization: acme}
network: {allow: [10.0.0.0/8], timeout: 3s, logins: [db.acme.example, 10.1.0.0/16], plain_logins: [10.1.0.0/16]}
kill: {file: stop, env: STOP, endpoint: 'https://ops.acme.example/go'}
`)
	c, err := Load(path, none)
	if err != nil {
		t.Fatal(err)
	}
	if c.Scan.MinConfidence != rules.High || c.Network.Timeout != 3*time.Second || c.Network.Allow[0].Bits() != 8 || len(c.Network.Logins) != 2 || len(c.Network.PlainLogins) != 1 || c.Agiled.Revoke.Endpoint.Success[0] != 202 {
		t.Errorf("%+v", c)
	}
	if diff := cmp.Diff(map[string]string{"agiled.key_pattern": "[a-z]{40}", "gitlab.prefix": "x"}, c.Vars()); diff != "" {
		t.Error(diff)
	}
	if want := filepath.Join(filepath.Dir(path), "policy.yaml"); c.Path(c.Policy) != want || c.Path("/x") != "/x" || c.Path("") != "" {
		t.Errorf("%s is not %s", c.Path(c.Policy), want)
	}
	for want, got := range map[string]string{
		"flag":                                   c.StateDir("flag", env(map[string]string{"QUASH_STATE": "env"})),
		"env":                                    c.StateDir("", env(map[string]string{"QUASH_STATE": "env"})),
		filepath.Join(filepath.Dir(path), "st"):  c.StateDir("", none),
		filepath.Join("xdg", "quash"):            Config{}.StateDir("", env(map[string]string{"XDG_STATE_HOME": "xdg"})),
		filepath.Join("h/.local/state", "quash"): Config{}.StateDir("", env(map[string]string{"HOME": "h"})),
	} {
		if got != want {
			t.Errorf("state is %s, want %s", got, want)
		}
	}
}

// What is wrong is named with its line, and never quoted: a key may stand anywhere in a file.
func TestLoadRefuses(t *testing.T) {
	const key = "Zx81QmPw44LtRn07"
	for text, want := range map[string]string{
		"agiled:\n  base_ulr: x":                                    "line 2: field base_ulr is not known",
		key + ": 1":                                                 "line 1: a field is not known",
		"agiled: " + key:                                            "line 1: a text stands where something else is wanted",
		"scan: {skip: " + key + "}":                                 "line 1: a text stands",
		"agiled:\n  review_key: " + key:                             "line 2: a credential is not written here",
		"agiled: {review_key: {value: " + key + "}}":                "line 1: a credential has no such field",
		"id_key: [" + key + "]":                                     "line 1: a credential is not written here",
		"agiled: {base_url: 'https://u:" + key + "@h'}":             "agiled.base_url: not a base URL",
		"agiled: {base_url: 'https://h/?" + key + "'}":              "agiled.base_url: not a base URL",
		"providers: {gitlab: {base_url: '" + key + "'}}":            "providers.gitlab.base_url: not a base URL",
		"providers: {agiled: {}}":                                   "providers.agiled: Agiled has a section of its own",
		"agiled: {revoke: {mode: " + key + "}}":                     "agiled.revoke.mode: not known",
		"scan: {min_confidence: " + key + "}":                       "scan.min_confidence: not known",
		"network: {allow: [" + key + "]}":                           "ParsePrefix",
		"network: {timeout: " + key + "}":                           "line 1: a text stands",
		"state: a\nstate: b":                                        "already defined",
		"state: a\n---\nstate: " + key:                              "more than one document",
		"a: *" + key:                                                "unknown anchor",
		"\"" + key:                                                  "line 2",
		"state: {" + key + ": 1}":                                   "line 1: a section stands",
		"agiled: {known_good: {env: A, " + key + ": B}}":            "a credential has no such field",
		"agiled: {expected_targets: {a: " + key + "}}":              "a section stands",
		"kill: {file: [" + key + "]}":                               "a list stands",
		"rules: [{" + key + ": 1}]":                                 "a section stands",
		"agiled: {revoke: {endpoint: {success: [" + key + "]}}}":    "a text stands",
		"agiled: {revoke: {endpoint: {credential: '" + key + "'}}}": "a credential is not written here",
		"agiled: {revoke: {command: {x: " + key + "}}}":             "a section stands",
		"!" + key:                                               "line 1: a value stands",
		"state: !" + key + " {}":                                "line 1: a value stands",
		"agiled: !" + key + " [a]":                              "line 1: ",
		"agiled: !!binary " + key:                               "",
		"agiled: {base_url: 'ftp://" + key + "'}":               "not a base URL",
		"agiled: {base_url: '" + strings.Repeat("h", 20) + "'}": "not a base URL",
	} {
		_, err := Load(write(t, "c.yaml", text+"\n"), none)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), key[:6]) || strings.Contains(err.Error(), "config.") {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// A scanned directory's file narrows and does nothing else, and nothing that stands in its place can hold a scan up.
func TestLoadNarrowing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, ".quash.yaml")
	if s, err := LoadNarrowing(dir); err != nil || !cmp.Equal(s, Scan{}) {
		t.Errorf("without a file: %+v, %v", s, err)
	}
	if _, err := LoadNarrowing(filepath.Join(dir, "nowhere")); err != nil {
		t.Errorf("without a directory: %v", err)
	}
	for text, want := range map[string]string{
		"scan: {exclude: [a], min_confidence: high}": "",
		"": "",
		"agiled: {base_url: 'https://evil.example'}":             "may only hold the section scan",
		"rules: [evil.yaml]":                                     "may only hold the section scan",
		"policy: evil.yaml":                                      "may only hold the section scan",
		"providers: {gitlab: {base_url: 'https://x.example'}}":   "may only hold the section scan",
		"scan: {rules: [evil.yaml]}":                             "field rules is not known",
		"scan: {min_confidence: none}":                           ".quash.yaml: scan.min_confidence: not known",
		"scan: {exclude: [" + strings.Repeat("a,", 3<<20) + "]}": "not a file of at most 4 MiB",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := LoadNarrowing(dir)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", text, err, want)
		}
	}
	if err := errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { _, err := LoadNarrowing(dir); done <- err }()
	select {
	case err := <-done:
		if err == nil || !strings.Contains(err.Error(), "take it away") {
			t.Errorf("a pipe: %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("a pipe in the file's place is waited for")
	}
}

func TestSecret(t *testing.T) {
	path := write(t, "key", "from-file \r\n")
	c := Config{dir: filepath.Dir(path)}
	get := env(map[string]string{"A": "from-env"})
	for name, x := range map[string]struct {
		at        Credential
		want, err string
	}{
		"none":         {Credential{}, "", ""},
		"env":          {Credential{Env: "A"}, "from-env", ""},
		"file":         {Credential{File: "key"}, "from-file", ""},
		"both":         {Credential{Env: "A", File: "key"}, "", "names both env and file"},
		"not set":      {Credential{Env: "B"}, "", "environment variable B is not set"},
		"no such file": {Credential{File: "nokey"}, "", "no such file"},
		"a key":        {Credential{Env: "zx81QmPw44"}, "", "environment variable of that name is not set"},
	} {
		s, err := c.Secret("f", x.at, get)
		if s.Len() != len(x.want) || (err == nil) != (x.err == "") || err != nil && !strings.Contains(err.Error(), x.err) {
			t.Errorf("%s: %d bytes, %v", name, s.Len(), err)
		}
	}
}

// FuzzLoad looks for texts that make the loader panic, or repeat a key that stands in them.
func FuzzLoad(f *testing.F) {
	f.Add("agiled: {review_key: KEY}")
	f.Add("0 KEY:") // a field with a space
	f.Add("? KEY\n: [a, *KEY]")
	f.Add("!KEY")
	f.Add("scan:\n  skip: [KEY]\n  KEY: |\n   x")
	f.Fuzz(func(t *testing.T, text string) {
		const key = "Zx81QmPw44LtRn07"
		var c Config
		err := decode([]byte(strings.ReplaceAll(text, "KEY", key)), &c)
		if err != nil && strings.Contains(err.Error(), key) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
