package source

import (
	"encoding/binary"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// tip is a reference to a commit.
type tip struct {
	name   string // as people write it
	commit int32
	other  bool // neither a branch nor a tag
}

// hold finds the references that hold the spots, on all processors. Spots that are held by the same share the list.
func (p *placer) hold() {
	batches := slices.Collect(slices.Chunk(p.order, 64))
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(batches)) {
		wait.Go(func() {
			words := make([]uint64, len(p.commits))
			for i := int(next.Add(1)) - 1; i < len(batches); i = int(next.Add(1)) - 1 {
				p.reach(batches[i], words)
			}
		})
	}
	wait.Wait()
	lists := map[string][]string{}
	var key []byte
	for _, t := range p.order {
		key = key[:0]
		for _, n := range t.tips {
			key = binary.LittleEndian.AppendUint32(key, uint32(n))
		}
		refs, ok := lists[string(key)]
		if !ok {
			refs = p.names(t.tips)
			lists[string(key)] = refs
		}
		t.refs, t.tips = refs, nil
	}
}

// names returns the names of references, nil for none.
func (p *placer) names(tips []int32) []string {
	var all []string
	for _, n := range tips {
		all = append(all, p.tips[n].name)
	}
	return slices.Clone(all) // no longer than it is
}

// reach finds the references that hold up to 64 spots. Bit i of a commit's word says that it or an ancestor has spot i.
func (p *placer) reach(batch []*traced, words []uint64) {
	clear(words)
	for i, t := range batch {
		for _, c := range t.enters {
			words[c] |= 1 << i
		}
	}
	for i, c := range p.commits {
		for _, parent := range c.parents {
			words[i] |= words[parent]
		}
	}
	for n, r := range p.tips {
		for word := words[r.commit]; word != 0; word &= word - 1 {
			t := batch[bits.TrailingZeros64(word)]
			// Other references (pull requests, notes, stash) are given only where no branch and no tag holds the spot.
			if r.other && t.named {
				continue
			}
			t.tips = append(t.tips, int32(n))
			t.named = !r.other
		}
	}
}
