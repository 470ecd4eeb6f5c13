package service

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"net/http"
	"strings"

	"github.com/google/go-github/v60/github"
	"github.com/quash-sh/quash/cmd/quash/internal/jobs"
)

// ask is what a delivery asks for: the scan of a push, or a look at repositories, or nothing.
type ask struct {
	push      *jobs.Push
	reconcile []jobs.Repository
}

// known is an event as logs and metrics name it: they hold no word that a sender made up.
func known(event string) string {
	switch event {
	case "push", "create", "delete", "ping", "installation", "installation_repositories":
		return event
	}
	return "other"
}

// parse reads the payload of an event that something is done about.
func parse(d delivery) (ask, error) {
	if known(d.event) == "other" || d.event == "ping" {
		return ask{}, nil
	}
	event, err := github.ParseWebHook(d.event, d.payload)
	if err != nil {
		return ask{}, refuse(http.StatusBadRequest, "the body is not the JSON of this event")
	}
	switch e := event.(type) {
	case *github.PushEvent:
		return push(d, e)
	case *github.CreateEvent:
		return look(e.GetRepo(), e.GetInstallation())
	case *github.DeleteEvent:
		return look(e.GetRepo(), e.GetInstallation())
	case *github.InstallationEvent:
		if action := e.GetAction(); action == "created" || action == "unsuspend" || action == "new_permissions_accepted" {
			return lookAll(e.Repositories, e.GetInstallation())
		}
	case *github.InstallationRepositoriesEvent:
		return lookAll(e.RepositoriesAdded, e.GetInstallation())
	}
	return ask{}, nil
}

// isRepository reports whether a name is owner and name of a repository, and no path. GitHub's own form is narrower.
func isRepository(name string) bool {
	owner, repo, ok := strings.Cut(name, "/")
	return ok && isWord(owner, "-_.") && isWord(repo, "-_.") && strings.Trim(owner, ".") != "" && strings.Trim(repo, ".") != ""
}

// isWord reports whether a text is of 1 to 100 ASCII letters, digits and some others.
func isWord(s, others string) bool {
	strange := func(c rune) bool {
		return !('0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || strings.ContainsRune(others, c))
	}
	return len(s) >= 1 && len(s) <= 100 && !strings.ContainsFunc(s, strange)
}

// isObject reports whether a text is the name of an object, SHA-1 or SHA-256, in lower-case hex.
func isObject(s string) bool {
	strange := func(c rune) bool { return !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') }
	return (len(s) == 40 || len(s) == 64) && !strings.ContainsFunc(s, strange)
}

// isRef reports whether a text is the full name of a ref, as git check-ref-format has it in the main.
func isRef(s string) bool {
	strange := func(c rune) bool { return c <= ' ' || c == 0x7f || strings.ContainsRune(`:?*[\^~`, c) }
	return strings.HasPrefix(s, "refs/") && len(s) <= 1000 && !strings.Contains(s, "..") && !strings.ContainsFunc(s, strange)
}

var errPayload = refuse(http.StatusBadRequest, "the payload's repository, ref or commits are none")

func push(d delivery, e *github.PushEvent) (ask, error) {
	before, after := object(e.GetBefore()), object(e.GetAfter())
	name := e.GetRepo().GetFullName()
	ok := isRepository(name) && isRef(e.GetRef())
	for _, id := range []string{before, after} {
		ok = ok && (id == "" || isObject(id))
	}
	if !ok || before == "" && after == "" {
		return ask{}, errPayload
	}
	return ask{push: &jobs.Push{
		Repository: jobs.Repository{Name: name, Public: !e.GetRepo().GetPrivate(), Installation: e.GetInstallation().GetID()},
		Ref:        e.GetRef(), Before: before, After: after, Forced: e.GetForced(), Delivery: d.id,
	}}, nil
}

// object is the name of an object; GitHub writes zeros where there is none.
func object(id string) string {
	if strings.Trim(id, "0") == "" {
		return ""
	}
	return id
}

// look asks for a look at one repository.
func look(r *github.Repository, i *github.Installation) (ask, error) {
	return lookAll([]*github.Repository{r}, i)
}

// lookAll asks for a look at repositories.
func lookAll(all []*github.Repository, i *github.Installation) (ask, error) {
	var a ask
	for _, r := range all {
		if !isRepository(r.GetFullName()) {
			return ask{}, errPayload
		}
		a.reconcile = append(a.reconcile, jobs.Repository{Name: r.GetFullName(), Public: !r.GetPrivate(), Installation: i.GetID()})
	}
	return a, nil
}

func sign(mac func(func() hash.Hash, []byte) hash.Hash, secret, body []byte) string {
	h := mac(sha256.New, secret)
	_, _ = h.Write(body) // a hash does not fail
	return "sha256=" + hex.EncodeToString(h.Sum(nil))
}
