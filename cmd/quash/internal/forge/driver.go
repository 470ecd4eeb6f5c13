package forge

import (
	"context"
	"errors"
	"os"
	"strings"
)

// remote is what is asked of a repository elsewhere. The token is for its host; empty is none.
type remote interface {
	// refs lists its references.
	refs(ctx context.Context, url, token string) (Refs, error)
	// fetch makes the references of a mirror that the patterns choose those of the repository. Processes that write to the
	// mirror hold the lock open.
	fetch(ctx context.Context, dir, url, token string, want patterns, lock *os.File) error
}

// local is what is asked of a mirror.
type local interface {
	// tips are its references without HEAD.
	tips(ctx context.Context, dir string) (map[string]string, error)
	// object is the content of an object.
	object(ctx context.Context, dir, id string) ([]byte, error)
	// sound is an error when something that its references need is missing.
	sound(ctx context.Context, dir string) error
}

// failure says why a repository was not reached.
type failure struct {
	why, next string
	// lasting says that it would be the same a moment later.
	lasting bool
}

// Error implements error.
func (f *failure) Error() string { return f.why }

// noSuch is why a repository that is not there cannot be read.
const noSuch = "there is no such repository, or the credential may not see it"

// NoSuch reports whether a repository could not be fetched because it is not there, as far as the credential may see.
func NoSuch(err error) bool {
	var f *failure
	return errors.As(err, &f) && f.why == noSuch
}

// failures are what programs and libraries say in lower case, and what it means.
var failures = []struct {
	signs []string
	failure
}{
	{
		[]string{"could not read username", "authentication failed", "authentication required", "error: 401"},
		failure{"it asks for a credential, or refuses the one it got", "name one under providers.github.credential, or in GITHUB_TOKEN", true},
	},
	{
		[]string{"error: 403", "authorization failed"},
		failure{"access is denied (403)", "give the credential the right to read contents", true},
	},
	{
		[]string{"permission denied (", "unable to authenticate"},
		failure{"ssh: access is denied", "add a key that may read it to the ssh agent", true},
	},
	{
		[]string{"host key verification failed", "knownhosts"},
		failure{"ssh does not know the host", "add its key to known_hosts", true},
	},
	{
		[]string{"not found", "error: 404", "does not appear to be a git repository", "does not exist"},
		failure{noSuch, "check its name, and what the credential may read", true},
	},
	{
		[]string{"error: 30"},
		failure{"it has moved (redirect)", "name its new URL", true},
	},
}

// explain reads what a program or a library said of a failure.
func explain(said string) *failure {
	lower := strings.ToLower(said)
	for _, f := range failures {
		for _, sign := range f.signs {
			if strings.Contains(lower, sign) {
				known := f.failure
				return &known
			}
		}
	}
	return &failure{why: firstCause(said), next: "run the same command again; what was covered is not read again"}
}

// firstCause is the first line that names a cause, cut to a length that can be read.
func firstCause(said string) string {
	var first string
	for line := range strings.Lines(said) {
		line = strings.TrimSpace(line)
		if cause, ok := strings.CutPrefix(line, "fatal: "); ok {
			first = cause
			break
		}
		if first == "" && !strings.HasPrefix(line, "remote:") {
			first = strings.TrimPrefix(line, "error: ")
		}
	}
	if first == "" {
		first = "no reason was given"
	}
	return first[:min(len(first), 300)]
}
