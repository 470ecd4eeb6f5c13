package scanner

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// heard are stretches of text that were searched not long ago, with what came of it. What one version of a file inserts, the next ones
// that are built beside it insert too: of what is not copied in a history, more than half was read a moment ago.
//
// A stretch is known by its bytes, all of which are compared, and by how it stands in its text: see [standing]. What is kept is that
// nothing was found in it, as far as its bytes alone say so, and so the same is found with and without.
type heard[T any] struct {
	slots []heardSlot[T]
	// texts holds the stretches, the last ones to have come. written counts all bytes that were put there.
	texts   []byte
	written int
}

// heardSlot is a stretch that begins at byte at of all that were written.
type heardSlot[T any] struct {
	at, size int
	standing standing
	what     T
}

// standing is how a stretch stands in its text.
type standing struct {
	// first and last say that it begins and ends with the text; lead is how many of its bytes are there for what follows them, and rest
	// for what comes before them.
	first, last bool
	lead, rest  int
	inRecord    bool
}

const (
	// heardSlots is how many stretches are kept at most, and heardBytes how many bytes of them.
	heardSlots = 1 << 12
	heardBytes = 2 << 20
	// heardMost is the longest stretch that is kept.
	heardMost = heardBytes / 4
	// heardWords is how many words of eight bytes say where a stretch is looked for.
	heardWords = 8
)

// of returns what is known of a stretch, nil when nothing is.
func (h *heard[T]) of(text []byte, how standing) *T {
	if h.slots == nil {
		return nil
	}
	s := h.slot(text)
	if s.size != len(text) || s.size == 0 || s.standing != how || h.written-s.at > heardBytes {
		return nil
	}
	if at := s.at % heardBytes; !bytes.Equal(h.texts[at:at+s.size], text) {
		return nil
	}
	return &s.what
}

// put has a stretch kept, and returns what is to be filled with what is known of it: it is what was known of another. It returns nil
// where the stretch is too long.
func (h *heard[T]) put(text []byte, how standing) *T {
	if len(text) > heardMost {
		return nil
	}
	if h.slots == nil {
		h.slots, h.texts = make([]heardSlot[T], heardSlots), make([]byte, heardBytes)
	}
	if rest := heardBytes - h.written%heardBytes; rest < len(text) {
		h.written += rest
	}
	s := h.slot(text)
	s.at, s.size, s.standing = h.written, len(text), how
	h.written += copy(h.texts[h.written%heardBytes:], text)
	return &s.what
}

// slot is where a stretch is looked for: some of its words tell.
func (h *heard[T]) slot(text []byte) *heardSlot[T] {
	sum := uint64(len(text))
	mix := func(w uint64) {
		hi, lo := bits.Mul64(sum^w, 0x9E3779B97F4A7C15)
		sum = hi ^ lo
	}
	const word = 8
	if len(text) < heardWords*word {
		for ; len(text) >= word; text = text[word:] {
			mix(binary.LittleEndian.Uint64(text))
		}
		for _, c := range text {
			mix(uint64(c))
		}
	} else {
		step := (len(text) - word) / (heardWords - 1)
		for at := 0; at+word <= len(text); at += step {
			mix(binary.LittleEndian.Uint64(text[at:]))
		}
	}
	return &h.slots[sum%heardSlots]
}
