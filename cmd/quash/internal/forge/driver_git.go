package forge

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// program is the git program as a driver.
type program struct {
	// path is the program, dir where it is run: outside of every repository.
	path, dir string
	// env looks up the environment.
	env func(string) (string, bool)
	// own says that the user's own configuration of git counts, with its credential helpers.
	own bool
	// progress is told how far a fetch is; nil is told nothing.
	progress Fetched
	// patience is how long a fetch may go on without getting on; zero: half an hour.
	patience time.Duration
}

// passed are the variables that git and ssh get: where things are, keys of ssh, proxies and certificates. Nothing that would
// make git write down what it sends is among them.
var passed = []string{
	"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "SSH_AUTH_SOCK", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_EXEC_PATH",
	"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "CURL_CA_BUNDLE",
	"SystemRoot", "SystemDrive", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "TEMP", "TMP", "PATHEXT", "COMSPEC",
}

// passedToo are the variables that git and its credential helpers get where the user's own configuration counts.
var passedToo = []string{
	"XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "GNUPGHOME",
	"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_ASKPASS", "SSH_ASKPASS",
}

// quietSSH is how ssh is called where the user has not said otherwise: it asks nobody, and notices a dead connection.
const quietSSH = "ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=20"

// settings are git's for every call. The references are listed by version 0 of the protocol, in one request; nothing is
// run, asked, followed or left running in the background.
var settings = [][2]string{
	{"protocol.version", "0"}, {"core.hooksPath", os.DevNull}, {"core.fsmonitor", "false"}, {"core.untrackedCache", "false"},
	{"gc.autoDetach", "false"}, {"maintenance.autoDetach", "false"},
	{"fetch.recurseSubmodules", "false"}, {"fetch.writeCommitGraph", "false"}, {"core.logAllRefUpdates", "false"},
	{"http.lowSpeedLimit", "100"}, {"http.lowSpeedTime", "120"},
}

// alone are the settings where the user's own configuration does not count: no credential helper is asked, and whoever owns a
// mirror, it is read.
var alone = [][2]string{{"credential.helper", ""}, {"core.askPass", ""}, {"safe.directory", "*"}}

// environment is git's whole environment. The token stands here and nowhere else. The most memory that git may take at a time is bounded: what
// a server says that the length of something is, is not believed, and over http a list of references is held whole.
func (p program) environment(at *url.URL, token string) []string {
	all := []string{
		"GIT_TERMINAL_PROMPT=0", "GIT_NO_LAZY_FETCH=1", "LC_ALL=C", "GIT_ALLOC_LIMIT=4g",
		"GIT_ALLOW_PROTOCOL=" + strings.Join(schemes, ":"), "GIT_CEILING_DIRECTORIES=" + p.dir,
	}
	config, names := slices.Concat(settings, alone), passed
	if p.own {
		config, names = slices.Clone(settings), slices.Concat(passed, passedToo)
	} else {
		all = append(all, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull)
	}
	for _, name := range names {
		if v, ok := p.env(name); ok {
			all = append(all, name+"="+v)
		}
	}
	if _, ok := p.env("GIT_SSH_COMMAND"); !ok && !p.own { // which may have core.sshCommand
		if _, ok := p.env("GIT_SSH"); !ok {
			all = append(all, "GIT_SSH_COMMAND="+quietSSH)
		}
	}
	if token != "" {
		header := "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(tokenUser+":"+token))
		config = append(config, [2]string{"http.followRedirects", "false"}, [2]string{"http." + at.Scheme + "://" + at.Host + "/.extraHeader", header})
	}
	all = append(all, "GIT_CONFIG_COUNT="+strconv.Itoa(len(config)))
	for i, c := range config {
		all = append(all, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, c[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, c[1]))
	}
	return all
}

// tokenUser is the user name that goes with a token at GitHub.
const tokenUser = "x-access-token"

// call is one run of git.
type call struct {
	// dir is the mirror; empty where there is none.
	dir string
	// url and token are those of the repository elsewhere, if one is reached.
	url, token string
	stdin      string
	lock       *os.File
	watch      *watch // nil: nothing is fetched
}

// run runs git and returns what it prints. An error is a *failure, or the context's.
func (p program) run(ctx context.Context, c call, args ...string) ([]byte, error) {
	at, err := url.Parse(c.url)
	if err != nil {
		return nil, err
	}
	if c.dir == "" {
		c.dir = os.DevNull
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	if c.watch != nil {
		var unwatch func()
		ctx, unwatch = c.watch.over(ctx, c.dir)
		defer unwatch()
	}
	cmd := exec.CommandContext(ctx, p.path, append([]string{"--git-dir=" + c.dir, "--no-pager"}, args...)...)
	cmd.Dir, cmd.Env, cmd.Stdin = p.dir, p.environment(at, c.token), strings.NewReader(c.stdin)
	cmd.Cancel = func() error { return stop(cmd) } // so that git takes its temporary files away
	cmd.WaitDelay = 3 * time.Second
	inherit(cmd, c.lock)
	out := &listing{most: mostListed, stop: end}
	problem := &said{progress: p.progress, watch: c.watch}
	cmd.Stdout, cmd.Stderr = out, problem
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil && problem.String() == "":
		return nil, &failure{why: "git " + args[0] + ": " + err.Error()}
	case err != nil:
		return nil, explain(problem.String())
	}
	return out.text, nil
}

// refs implements remote.
func (p program) refs(ctx context.Context, url, token string) (Refs, error) {
	out, err := p.run(ctx, call{url: url, token: token}, "ls-remote", "--symref", "--", url)
	if err != nil {
		return Refs{}, err
	}
	return parseRefs(string(out)), nil
}

// parseRefs reads the output of git ls-remote --symref.
func parseRefs(out string) Refs {
	r := Refs{Tips: map[string]string{}}
	for line := range strings.Lines(out) {
		id, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		target, symbolic := strings.CutPrefix(id, "ref: ")
		switch {
		case !ok || strings.HasSuffix(name, "^{}"): // what a tag names
		case name == "HEAD" && symbolic:
			r.Head = target
		case name == "HEAD" && r.Head == "":
			r.Head = id
		case name != "HEAD" && !symbolic:
			r.Tips[name] = id
		}
	}
	return r
}

// fetch implements remote.
func (p program) fetch(ctx context.Context, dir, url, token string, want patterns, lock *os.File) error {
	args := append([]string{"fetch", "--progress", "--prune", "--force", "--no-tags", "--no-recurse-submodules", "--", url}, want.specs()...)
	w := &watch{patience: cmp.Or(p.patience, patience), most: mostFetched}
	_, err := p.run(ctx, call{dir: dir, url: url, token: token, lock: lock, watch: w}, args...)
	return err
}

// tips implements local.
func (p program) tips(ctx context.Context, dir string) (map[string]string, error) {
	out, err := p.run(ctx, call{dir: dir}, "for-each-ref", "--format=%(objectname)%09%(refname)")
	return parseRefs(string(out)).Tips, err
}

// object implements local.
func (p program) object(ctx context.Context, dir, id string) ([]byte, error) {
	out, err := p.run(ctx, call{dir: dir, stdin: id + "\n"}, "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	head, body, _ := bytes.Cut(out, []byte("\n"))
	fields := strings.Fields(string(head))
	if len(fields) != 3 || fields[2] != strconv.Itoa(len(body)-1) {
		return nil, &failure{why: "object " + id + " is missing"}
	}
	return body[:len(body)-1], nil
}

// sound implements local.
func (p program) sound(ctx context.Context, dir string) error {
	_, err := p.run(ctx, call{dir: dir}, "fsck", "--connectivity-only", "--no-dangling", "--no-progress")
	return err
}
