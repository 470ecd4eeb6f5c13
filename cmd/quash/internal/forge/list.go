package forge

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// schemes are the transports that a clone URL may name.
var schemes = []string{"https", "http", "ssh", "git", "file"}

// ParseList reads a list of clone URLs, one a line; empty lines and lines that begin with # are passed over. A URL that comes
// twice is taken once. The name is the list's, for errors, which never repeat a line: it may hold a credential.
func ParseList(name string, r io.Reader) ([]Repository, error) {
	var all []Repository
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		at, err := cloneURL(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		if !slices.ContainsFunc(all, func(r Repository) bool { return r.URL == at }) {
			all = append(all, Repository{Name: urlName(at), URL: at})
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read list %s: %w", name, err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: no clone URL in it; write one a line", name)
	}
	return all, nil
}

// scpForm is how ssh addresses are written without a scheme: git@host:path.
var scpForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9._-]*@)?([A-Za-z0-9][A-Za-z0-9.-]*):([^:/][^:]*|/[^/:][^:]*)$`)
})

// cloneURL returns a clone URL in the one form that names its repository. It refuses what git would take for an option, for
// a program to run, or for a credential.
func cloneURL(raw string) (string, error) {
	if m := scpForm().FindStringSubmatch(raw); m != nil && !strings.Contains(raw, "://") {
		raw = "ssh://" + m[1] + m[2] + "/" + strings.TrimPrefix(m[3], "/")
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return "", errors.New("not a URL; write it like https://host/owner/name.git")
	case !slices.Contains(schemes, u.Scheme) || u.Opaque != "":
		return "", fmt.Errorf("not a clone URL; it begins with one of %s://", strings.Join(schemes, "://, "))
	case u.User != nil && !sshUser(u):
		return "", errors.New("the URL holds a credential; take it out: git's credential helpers give it, or for an organisation the configuration (providers.github.credential)")
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		return "", errors.New("the URL has a query or a fragment; leave them out")
	case (u.Host == "") != (u.Scheme == "file") || strings.Trim(u.Path, "/") == "" || strings.HasPrefix(u.Host, "-"):
		return "", errors.New("the URL names no repository; write it like https://host/owner/name.git or file:///srv/name.git")
	case strings.ContainsFunc(u.Path, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "", errors.New("the URL holds a control character; take it out")
	}
	u.Host = strings.ToLower(u.Host)
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	return u.String(), nil
}

// sshUser reports whether the user information of a URL is an account of ssh, which is no secret.
func sshUser(u *url.URL) bool {
	_, password := u.User.Password()
	return u.Scheme == "ssh" && !password && !strings.HasPrefix(u.User.Username(), "-")
}

// RemoteURL reports whether a name that a person gave is that of a repository elsewhere: a URL, or git@host:path where no such file is.
func RemoteURL(name string) bool {
	if strings.Contains(name, "://") {
		return true
	}
	m := scpForm().FindStringSubmatch(name)
	if m == nil || len(m[2]) == 1 { // a drive
		return false
	}
	_, err := os.Lstat(name)
	return err != nil
}

// Named is the repository at a clone URL that a person gave. An error does not repeat the URL: it may hold a credential.
func Named(name string) (Repository, error) {
	at, err := cloneURL(name)
	if err != nil {
		return Repository{}, err
	}
	r := Repository{Name: urlName(at), URL: at}
	if page, ok := strings.CutPrefix(at, "https://github.com/"); ok {
		r.Page = "https://github.com/" + strings.TrimSuffix(page, ".git")
	}
	return r, nil
}

// urlName is what a repository is called of which only the URL is known.
func urlName(clone string) string {
	u, err := url.Parse(clone)
	if err != nil {
		return clone
	}
	return strings.TrimSuffix(u.Host+u.Path, ".git")
}
