package source

import (
	"slices"
	"sort"

	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// treeLayout is where the entries of a tree object begin, in bytes. It is kept of a tree for those that are built on it, so that
// of these only what their delta brings needs to be read.
type treeLayout struct {
	number int32 // of the tree
	starts []int32
}

// read fills the layout with where the entries of a tree begin. Whole entries in runs that were copied from the base, and that begin
// where one of the base begins, are inherited, n of them from the base's entry first on; all others are fresh.
func (l *treeLayout) read(n *pack.Node[treeLayout], hash int, fresh func(treeEntry), inherit func(first, n int)) error {
	data, copies, base := n.Data, n.Copies, n.Base
	l.starts = l.starts[:0]
	for at := 0; at < len(data); {
		for len(copies) > 0 && copies[0].To+copies[0].Len <= at {
			copies = copies[1:]
		}
		if base != nil && len(copies) > 0 && copies[0].To <= at {
			by := copies[0].To - copies[0].From
			if first, n, end := l.inherit(base, at-by, copies[0].From+copies[0].Len, by); n > 0 {
				inherit(first, n)
				at = end
				continue
			}
		}
		e, _, err := nextEntry(data[at:], hash)
		if err != nil {
			return err
		}
		l.starts = append(l.starts, int32(at))
		fresh(e)
		at += len(e.raw)
	}
	return nil
}

// inherit takes over the entries that lie whole in bytes [from, to) of the base, where one begins at from: n of them, from the base's
// entry first on. It returns where they end here. The base's last entry is never among them: where it ends is not kept.
func (l *treeLayout) inherit(base *treeLayout, from, to, by int) (first, n, end int) {
	first, ok := slices.BinarySearch(base.starts, int32(from))
	if !ok {
		return 0, 0, 0
	}
	rest := base.starts[first:]
	n = sort.Search(len(rest), func(i int) bool { return int(rest[i]) > to }) - 1 // entry n begins where n-1 ends
	if n <= 0 {
		return 0, 0, 0
	}
	for _, s := range rest[:n] {
		l.starts = append(l.starts, s+int32(by))
	}
	return first, n, int(rest[n]) + by
}
