package source

import (
	"slices"
	"sort"

	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// treeLayout is where the entries of a tree object begin, in bytes. It is kept of a tree for those that are built on it, so that
// of these only what their delta brings needs to be read.
type treeLayout struct{ starts []int32 }

// read reads the entries of a tree: fresh is called for those that the tree which it is built on does not have at the
// bytes that were copied.
func (l *treeLayout) read(n *pack.Node[treeLayout], hash int, fresh func(treeEntry)) error {
	return readLayout(l, n.Base, n.Data, n.Copies, hash, fresh, func(int32, int32, int32) {})
}

// readLayout fills own with where the entries begin. Whole entries in runs that were copied from the base, and that begin where
// one of the base begins, are inherited, all others are fresh.
func readLayout(own, base *treeLayout, data []byte, copies []pack.Copy, hash int, fresh func(treeEntry), inherit func(from, to, by int32)) error {
	own.starts = own.starts[:0]
	for at := 0; at < len(data); {
		for len(copies) > 0 && copies[0].To+copies[0].Len <= at {
			copies = copies[1:]
		}
		if base != nil && len(copies) > 0 && copies[0].To <= at {
			by := copies[0].To - copies[0].From
			if end := own.inherit(base, at-by, copies[0].From+copies[0].Len, by); end > at {
				inherit(int32(at-by), int32(end-by), int32(by))
				at = end
				continue
			}
		}
		e, _, err := nextEntry(data[at:], hash)
		if err != nil {
			return err
		}
		own.starts = append(own.starts, int32(at))
		fresh(e)
		at += len(e.raw)
	}
	return nil
}

// inherit takes over the entries that lie whole in bytes [from, to) of the base, where one begins at from, and returns where they
// end here; 0 when there is none. The base's last entry is never among them: where it ends is not kept.
func (l *treeLayout) inherit(base *treeLayout, from, to, by int) int {
	first, ok := slices.BinarySearch(base.starts, int32(from))
	if !ok {
		return 0
	}
	rest := base.starts[first:]
	n := sort.Search(len(rest), func(i int) bool { return int(rest[i]) > to }) - 1 // entry n begins where n-1 ends
	if n <= 0 {
		return 0
	}
	for _, s := range rest[:n] {
		l.starts = append(l.starts, s+int32(by))
	}
	return int(rest[n]) + by
}
