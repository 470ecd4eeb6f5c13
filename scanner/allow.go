package scanner

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// AllowList are finding IDs that were looked at and let stand: the content of a .quashignore file or of a baseline. It has
// one entry a line, so that it sorts and merges:
//
//	q-0123456789abcdef expires=2026-12-31 owner=ann reason=key of the public sandbox
//
// Everything after reason= is the reason. A baseline needs no more than the ID. Lines that begin with # are comments.
type AllowList struct {
	name    string
	entries map[ID]*allowance
}

type allowance struct {
	id      ID
	expires time.Time
	expired bool
	owner   string
	reason  string
	used    atomic.Bool
}

// ParseAllowList reads a list. name is the file's, for errors; now decides which entries have expired.
func ParseAllowList(name string, data []byte, now time.Time) (*AllowList, error) {
	l := &AllowList{name: name, entries: map[ID]*allowance{}}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		a, err := parseAllowance(line)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		a.expired = !a.expires.IsZero() && !now.Before(a.expires.AddDate(0, 0, 1))
		l.entries[a.id] = a
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return l, nil
}

func parseAllowance(line string) (*allowance, error) {
	first, rest, _ := strings.Cut(line, " ")
	id, err := ParseID(first)
	if err != nil {
		return nil, fmt.Errorf("its first word is %w; if it is a key, take it out of this file", err)
	}
	a := &allowance{id: id}
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		name, value, ok := strings.Cut(rest, "=")
		if !ok {
			return nil, errors.New("what follows the ID is not name=value; the names are expires, owner and reason")
		}
		if name == "reason" {
			a.reason = value
			break
		}
		value, rest, _ = strings.Cut(value, " ")
		if err := a.set(name, value); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *allowance) set(name, value string) error {
	switch name {
	case "owner":
		a.owner = value
	case "expires":
		t, err := time.Parse(time.DateOnly, value)
		if err != nil {
			return errors.New("what follows expires= is not a date; write expires=2026-12-31")
		}
		a.expires = t
	default:
		return errors.New("a name is not known; the names are expires, owner and reason")
	}
	return nil
}

// Allowed implements [Allower]. An entry that has expired allows nothing.
func (l *AllowList) Allowed(f Finding) bool {
	a, ok := l.entries[f.ID]
	if !ok {
		return false
	}
	a.used.Store(true)
	return !a.expired
}

// Notes says, sorted, which entries have expired and which matched nothing: each is a line for a person.
func (l *AllowList) Notes() []string {
	var notes []string
	for id, a := range l.entries {
		switch {
		case a.expired:
			notes = append(notes, fmt.Sprintf("%s: %s expired on %s and is reported again", l.name, id, a.expires.Format(time.DateOnly)))
		case !a.used.Load():
			notes = append(notes, fmt.Sprintf("%s: %s matched nothing; the line can go", l.name, id))
		}
	}
	slices.Sort(notes)
	return notes
}

// FormatAllowance writes the line of an allow list.
func FormatAllowance(id ID, expires time.Time, owner, reason string) string {
	s := string(id)
	if !expires.IsZero() {
		s += " expires=" + expires.Format(time.DateOnly)
	}
	if owner != "" {
		s += " owner=" + strings.ReplaceAll(owner, " ", "_")
	}
	if reason != "" {
		s += " reason=" + strings.Join(strings.Fields(reason), " ")
	}
	return s
}

// AllowLists asks several lists.
type AllowLists []*AllowList

// Allowed implements [Allower]. Every list is asked, so that each knows what it was used for.
func (ls AllowLists) Allowed(f Finding) bool {
	allowed := false
	for _, l := range ls {
		if l.Allowed(f) {
			allowed = true
		}
	}
	return allowed
}
