package source

import (
	"strings"

	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// mailmap says by which name and address people want to be known: the file .mailmap of HEAD, as gitmailmap(5) describes it.
type mailmap map[mailKey]signature

// mailKey is an address in commits, in lower case, and a name where only commits with that name are meant.
type mailKey struct{ email, name string }

// parseMailmap reads a mailmap. Lines that say nothing are passed over.
func parseMailmap(text string) mailmap {
	m := mailmap{}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		name, email, rest, ok := nameAndMail(line)
		if !ok {
			continue
		}
		oldName, oldEmail, _, two := nameAndMail(rest)
		if !two {
			m.add(mailKey{email: email}, signature{name: name})
			continue
		}
		m.add(mailKey{oldEmail, strings.ToLower(oldName)}, signature{name: name, email: email})
	}
	return m
}

// add adds a line, which says a name, an address or both. What later lines say counts.
func (m mailmap) add(k mailKey, s signature) {
	k.email = strings.ToLower(k.email)
	old := m[k]
	if s.name == "" {
		s.name = old.name
	}
	if s.email == "" {
		s.email = old.email
	}
	m[k] = s
}

// nameAndMail reads `Ann Lee <ann@acme.example>`.
func nameAndMail(s string) (name, email, rest string, ok bool) {
	name, rest, ok = strings.Cut(s, "<")
	if ok {
		email, rest, ok = strings.Cut(rest, ">")
	}
	return strings.TrimSpace(name), strings.TrimSpace(email), rest, ok
}

// known returns a signature as its person wants it.
func (m mailmap) known(s signature) signature {
	email := strings.ToLower(s.email)
	to, ok := m[mailKey{email, strings.ToLower(s.name)}]
	if !ok {
		to = m[mailKey{email: email}]
	}
	if to.name != "" {
		s.name = to.name
	}
	if to.email != "" {
		s.email = to.email
	}
	return s
}

// maxMailmap is the longest mailmap that is read, in bytes.
const maxMailmap = 8 << 20

// readMailmap reads the mailmap of HEAD; nil where there is none that can be read.
func (h *history) readMailmap() mailmap {
	head := h.head()
	if head < 0 || h.commits[head].tree < 0 {
		return nil
	}
	data, err := readTree(h.store, h.census.id(h.commits[head].tree))
	for err == nil && len(data) > 0 {
		var e treeEntry
		if e, data, err = nextEntry(data, h.repo.hash); err != nil || string(e.name) != ".mailmap" {
			continue
		}
		o, err := h.store.Object(e.id)
		if err != nil || o.Type != pack.Blob || o.Size > maxMailmap || e.mode == modeSymlink {
			return nil
		}
		return parseMailmap(string(o.Data))
	}
	return nil
}

// head is the commit that HEAD names, -1 when it names none.
func (h *history) head() int32 {
	for _, r := range h.refs {
		if c, ok := h.commitOf(r.id); ok && r.name == headName {
			return c
		}
	}
	return -1
}
