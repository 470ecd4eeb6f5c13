package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"go.yaml.in/yaml/v3"
)

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

// maxOwn is the greatest length in bytes of a file of ours in a scanned directory.
const maxOwn = 4 << 20

// ReadOwn reads a file of ours in a scanned directory, which belongs to whoever can push there: a pipe or a device that stands
// in its place is not read, nor is one without an end.
func ReadOwn(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err == nil && (!info.Mode().IsRegular() || info.Size() > maxOwn) {
		return nil, fmt.Errorf("read %s: not a file of at most %d MiB; take it away", path, maxOwn>>20)
	}
	if err != nil {
		if dir, dirErr := os.Stat(filepath.Dir(path)); dirErr != nil || !dir.IsDir() {
			return nil, os.ErrNotExist // what is wrong with the directory is told when it is scanned
		}
		return nil, err
	}
	return os.ReadFile(path)
}

// LoadNarrowing reads the .quash.yaml of a scanned directory. It is absent more often than not.
func LoadNarrowing(dir string) (Scan, error) {
	path := filepath.Join(dir, ".quash.yaml")
	data, err := ReadOwn(path)
	if errors.Is(err, os.ErrNotExist) {
		return Scan{}, nil
	}
	if err != nil {
		return Scan{}, err
	}
	return ParseNarrowing(path, data)
}

// ParseNarrowing reads the text of a .quash.yaml of a scanned directory. path names it in errors.
func ParseNarrowing(path string, data []byte) (Scan, error) {
	var only struct {
		Scan Scan `yaml:"scan"`
	}
	if err := decode(data, &only); err != nil {
		return Scan{}, fmt.Errorf("%s: %w; a file in a scanned directory may only hold the section scan", path, err)
	}
	if err := only.Scan.check(); err != nil {
		return Scan{}, fmt.Errorf("%s: %w", path, err)
	}
	return only.Scan, nil
}

func decode(data []byte, into any) error {
	d := yaml.NewDecoder(bytes.NewReader(data))
	d.KnownFields(true)
	err := d.Decode(into)
	if errors.Is(err, io.EOF) { // an empty file
		return nil
	}
	if err == nil && !errors.Is(d.Decode(new(yaml.Node)), io.EOF) {
		return errors.New("it holds more than one document; remove what follows ---")
	}
	return plain(err)
}

// The YAML package's complaints quote what stands in the file, which may be a key that somebody wrote where it does not
// belong. plain says the same without the quotes.
var (
	unknownField = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?s)^(line \d+): field (.*) not found in type`) })
	wrongKind    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(line \d+): cannot unmarshal !!?(\S*)`) })
	fieldName    = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z_]+$`) })
	envName      = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Z_]+[A-Z0-9_]*$`) })
	quoted       = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("(?s)['\"`].*['\"`]|!\\S+") })
)

// longestField and longestEnv bound what is quoted all the same, in bytes.
const (
	longestField = 32
	longestEnv   = 64
)

func plain(err error) error {
	if err == nil {
		return nil
	}
	var ours refusal
	if errors.As(err, &ours) {
		return ours
	}
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	var several *yaml.TypeError
	if errors.As(err, &several) && len(several.Errors) > 0 {
		text = several.Errors[0]
	}
	if m := unknownField().FindStringSubmatch(text); m != nil {
		name := "a field"
		if len(m[2]) <= longestField && fieldName().MatchString(m[2]) {
			name = "field " + m[2]
		}
		return fmt.Errorf("%s: %s is not known; README.md lists the fields", m[1], name)
	}
	if m := wrongKind().FindStringSubmatch(text); m != nil {
		return fmt.Errorf("%s: %s stands where something else is wanted; README.md shows what", m[1], cmp.Or(kinds[m[2]], "a value"))
	}
	return errors.New(quoted().ReplaceAllString(text, "…") + "; mend the YAML there")
}

// kinds are YAML's kinds of value in words.
var kinds = map[string]string{
	"str": "a text", "int": "a number", "float": "a number", "bool": "true or false", "null": "nothing", "seq": "a list", "map": "a section",
	"timestamp": "a time", "binary": "binary data", "merge": "a merge",
}

// refusal is a complaint in words of our own.
type refusal string

// Error implements error.
func (r refusal) Error() string { return string(r) }

// UnmarshalYAML implements yaml.Unmarshaler. It refuses a credential that is written into the file, without repeating it.
func (c *Credential) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return refusal(fmt.Sprintf("line %d: a credential is not written here; name where it is kept: {env: NAME} or {file: PATH}", n.Line))
	}
	for i := 0; i < len(n.Content); i += 2 {
		if !slices.Contains([]string{"env", "file"}, n.Content[i].Value) {
			return refusal(fmt.Sprintf("line %d: a credential has no such field; name where it is kept: {env: NAME} or {file: PATH}", n.Content[i].Line))
		}
	}
	type plainCredential Credential
	return n.Decode((*plainCredential)(c))
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
		return errors.New("agiled.revoke.mode: not known; it is manual, endpoint or command")
	}
	return c.Scan.check()
}

func (s Scan) check() error {
	switch s.MinConfidence {
	case "", rules.Low, rules.Medium, rules.High:
		return nil
	}
	return errors.New("scan.min_confidence: not known; it is low, medium or high")
}

func checkOrigin(field, raw string) error {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("%s: not a base URL; write https://host, without user, password or query", field)
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
			return scanner.Secret{}, fmt.Errorf("%s: environment variable %s is not set; set it, or take the field out", field, envShown(at.Env))
		}
		return scanner.NewSecret(v), nil
	case at.File != "":
		data, err := os.ReadFile(c.Path(at.File))
		if err != nil {
			return scanner.Secret{}, fmt.Errorf("%s: %w; put the credential there, or take the field out", field, err)
		}
		return scanner.NewSecret(strings.TrimRight(string(data), " \t\r\n")), nil
	}
	return scanner.Secret{}, nil
}

// envShown is the name of an environment variable, unless it has not the form of one: then it may be a key.
func envShown(name string) string {
	if len(name) <= longestEnv && envName().MatchString(name) {
		return name
	}
	return "of that name"
}

// Path resolves a path that stands in the file.
func (c Config) Path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.dir, p)
}
