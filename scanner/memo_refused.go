package scanner

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
)

// refusals are the matches that were looked at and are no keys. The versions of a file in a history hold the same ones again and again,
// beside lines that differ: so what is known of a match is kept by the bytes that it was refused for. These are few, where the key has
// no parts elsewhere: the match, and of its line what the looks at literals reach.
//
// Only sums are kept. They are seeded anew in every process and 128 bits long, so that no two matches have the same one.
type refusals struct {
	seeds [2]maphash.Seed
	known map[refusal]bool
	buf   []byte
}

// refusal is the sum of what a match was refused for.
type refusal [2]uint64

// mostRefusals bounds how many are kept.
const mostRefusals = 1 << 15

// refusal returns the sum of what the refusal of a match depends on, zero where it is not to be remembered. groups are the bounds of its
// groups, counted from base.
func (t *text) refusal(c *compiled, groups []int, base int64, tok, match span) refusal {
	if t.notes == nil || len(c.near()) > 0 {
		return refusal{}
	}
	r := &t.tools.memory.refused
	if r.known == nil {
		r.known = map[refusal]bool{}
		r.seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
	}
	before := t.bytes(t.window(span{match.from - lineBefore, match.from}))
	before = before[bytes.LastIndexByte(before, '\n')+1:]
	after := t.bytes(t.window(span{tok.to, tok.to + lineAfter}))
	if i := bytes.IndexByte(after, '\n'); i >= 0 {
		after = after[:i+1]
	}
	from, to := match.from-int64(len(before)), max(match.to, tok.to+int64(len(after)))
	b := binary.AppendUvarint(r.buf[:0], uint64(c.number))
	b = binary.AppendUvarint(b, uint64(len(t.from.Path)))
	b = append(b, t.from.Path...)
	for _, at := range groups {
		b = binary.AppendVarint(b, int64(at)+base-from)
	}
	b = append(b, t.bytes(span{from, to})...)
	r.buf = b
	return refusal{maphash.Bytes(r.seeds[0], b), maphash.Bytes(r.seeds[1], b)}
}

// refused reports whether a match is known to be no key.
func (t *text) refused(why refusal) bool {
	if why == (refusal{}) {
		return false
	}
	alone, ok := t.tools.memory.refused.known[why]
	t.matched = t.matched || ok && !alone
	return ok
}

// refuse remembers that a match is no key; alone says that its own bytes told so, whatever stands around it: then no rule matches there,
// as far as texts are concerned that have the same bytes.
func (t *text) refuse(why refusal, alone bool) {
	if why == (refusal{}) {
		t.matched = true
		return
	}
	known := t.tools.memory.refused.known
	if len(known) >= mostRefusals {
		clear(known)
	}
	known[why] = alone
	t.matched = t.matched || !alone
}
