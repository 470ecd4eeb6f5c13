package source

import (
	"slices"
	"strings"

	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// An outline takes for granted that what an earlier scan saw is still there. It is while the packs are there that it read, as long as
// they were, and the objects that no pack had. Bytes that changed within them are noticed where they are read.

// trusted returns the outline of an earlier scan; nil when there is none or something of what it speaks of may be gone, so that the
// trees have to be read. A pack that is shorter than it was, or longer, makes all be read: the options come back without a past.
func (h *history) trusted(o Options) (*outline, Options) {
	if o.Past == nil || o.Unreachable {
		return nil, o
	}
	packs, gone := h.store.Packs(), false
	for _, p := range o.Past.Packs {
		if slices.Contains(packs, p) {
			continue
		}
		name, _, _ := strings.Cut(p, " ")
		if slices.ContainsFunc(packs, func(is string) bool { return strings.HasPrefix(is, name+" ") }) {
			o.Past = nil
			return nil, o
		}
		gone = true // packed anew, or lost
	}
	g := decodeOutline(o.Past.Outline, h.repo.hash)
	if g == nil || gone || slices.ContainsFunc(g.loose, func(id pack.ID) bool { return !h.store.Has(id) }) {
		return nil, o
	}
	return g, o
}

// looseSeen are the objects of the history that no pack has.
func (h *history) looseSeen() []pack.ID {
	var all []pack.ID
	add := func(id pack.ID) {
		if _, packed := h.store.Number(id); !packed {
			all = append(all, id)
		}
	}
	if h.recalled != nil {
		for _, id := range h.recalled.loose {
			add(id)
		}
	}
	for _, o := range h.census.outside {
		if !o.missing {
			add(o.id)
		}
	}
	for _, c := range h.commits {
		add(h.keys.id(c.key))
	}
	for _, id := range h.tags {
		add(id)
	}
	slices.SortFunc(all, pack.ID.Compare)
	return slices.Compact(all)
}
