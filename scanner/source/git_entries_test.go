package source

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestEntryLog: whatever is built on what, a reader puts the entries together that each tree has, in any order of asking.
func TestEntryLog(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const objects = 40
		log := newEntryLog(objects)
		writers := []*entryLogger{log.logger(), log.logger()}
		entry := rapid.Custom(func(t *rapid.T) edge {
			return edge{rapid.Int32Range(0, 9).Draw(t, "name"), rapid.Int32Range(-1, objects+4).Draw(t, "child")}
		})
		want := map[int32][]edge{}
		var trees []int32 // that are written
		for _, tree := range rapid.Permutation([]int32{3, 5, 8, 13, 21, 34}).Draw(t, "trees") {
			l, base := rapid.SampledFrom(writers).Draw(t, "writer"), int32(-1)
			var all []edge
			for i := range rapid.IntRange(0, 4).Draw(t, "pieces") {
				if i == 0 && len(trees) > 0 {
					base = rapid.SampledFrom(trees).Draw(t, "base")
				}
				if n := len(want[base]); n > 0 && rapid.Bool().Draw(t, "copy") {
					first := rapid.IntRange(0, n-1).Draw(t, "first")
					count := rapid.IntRange(1, n-first).Draw(t, "count")
					l.pieces = append(l.pieces, edge{int32(-count), int32(first)})
					all = append(all, want[base][first:first+count]...)
					continue
				}
				e := entry.Draw(t, "entry")
				l.pieces, all = append(l.pieces, e), append(all, e)
			}
			l.put(tree, base)
			want[tree], trees = all, append(trees, tree)
		}
		now := []int32{4, 2, 0, 1, 3}
		log.renumber(objects, now)
		r := &entryReader{entryLog: log}
		for range 20 {
			tree := rapid.Int32Range(-1, objects+1).Draw(t, "tree")
			var renumbered []edge
			for _, e := range want[tree] {
				if e.child >= objects {
					e.child = objects + now[e.child-objects]
				}
				renumbered = append(renumbered, e)
			}
			if diff := cmp.Diff(renumbered, append([]edge(nil), r.entries(tree)...), cmp.AllowUnexported(edge{})); diff != "" {
				t.Fatalf("entries of %d differ:\n%s", tree, diff)
			}
		}
		checkToward(t, r, trees, rapid.SampledFrom([]int32{0, 1, 2, objects, objects + 3}).Draw(t, "wanted"), objects+5)
	})
}

// checkToward: a tree from which entries lead to a wanted object is told to lead there.
func checkToward(t *rapid.T, r *entryReader, trees []int32, wanted int32, objects int) {
	leads := map[int32]bool{wanted: true}
	for range trees {
		for _, tree := range trees {
			for _, e := range r.entries(tree) {
				leads[tree] = leads[tree] || leads[e.child]
			}
		}
	}
	toward := newToward(r.entryLog, map[int32]bool{wanted: true}, objects)
	for _, tree := range trees {
		if leads[tree] && !toward.leads(tree) {
			t.Fatalf("tree %d leads to object %d, but is told not to", tree, wanted)
		}
	}
}
