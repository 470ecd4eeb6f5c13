package records

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

// rtfWords is what the window of compressed RTF begins with (MS-OXRTFCP, section 2.1.2.1).
const rtfWords = `{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0` +
	"\r\n" + `\par \pard\plain\f0\fs20\b\i\u\tab\tx`

// The two ways in which RTF is kept, by the number at byte 8.
const (
	rtfCompressed = 0x75465A4C
	rtfPlain      = 0x414C454D
)

// inflateRTF returns the text of compressed RTF, as far as it can be read. Two bytes of it make 17 at most.
func inflateRTF(b []byte) []byte {
	const head, window = 16, 4 << 10
	if len(b) < head {
		return nil
	}
	switch binary.LittleEndian.Uint32(b[8:]) {
	case rtfPlain:
		return b[head:]
	case rtfCompressed:
	default:
		return nil
	}
	var ring [window]byte
	at := copy(ring[:], rtfWords)
	var out []byte
	put := func(c byte) {
		out = append(out, c)
		ring[at%window] = c
		at++
	}
	for b = b[head:]; len(b) > 0; {
		flags := b[0]
		b = b[1:]
		for bit := 0; bit < 8 && len(b) > 0; bit++ {
			if flags>>bit&1 == 0 {
				put(b[0])
				b = b[1:]
				continue
			}
			if len(b) < 2 {
				return out
			}
			ref := int(b[0])<<8 | int(b[1])
			b = b[2:]
			from := ref >> 4
			if from == at%window {
				return out
			}
			for n := ref&15 + 2; n > 0; n-- {
				put(ring[from%window])
				from++
			}
		}
	}
	return out
}

// plainRTF returns what a reader of RTF sees, with the HTML that Outlook hides in it: without control words and braces.
func plainRTF(b []byte) []byte {
	var out []byte
	for len(b) > 0 {
		c := b[0]
		b = b[1:]
		switch {
		case c == '{', c == '}', c == '\r', c == '\n':
		case c != '\\' || len(b) == 0:
			out = append(out, c)
		case b[0] == '\'' && len(b) > 2:
			if n, err := strconv.ParseUint(string(b[1:3]), 16, 8); err == nil {
				out = append(out, byte(n))
			}
			b = b[3:]
		case !alphanumeric(b[0]):
			if bytes.IndexByte([]byte(`\{}`), b[0]) >= 0 {
				out = append(out, b[0])
			}
			b = b[1:]
		default:
			var word []byte
			if word, b = rtfWord(b); bytes.HasPrefix(word, []byte("par")) && !bytes.HasPrefix(word, []byte("pard")) || string(word) == "line" {
				out = append(out, '\n')
			} else if string(word) == "tab" {
				out = append(out, '\t')
			}
		}
	}
	return out
}

// rtfWord takes a control word, its number and the space behind it.
func rtfWord(b []byte) (word, rest []byte) {
	n := 0
	for n < len(b) && (alphanumeric(b[n]) || b[n] == '-') {
		n++
	}
	word, rest = b[:n], b[n:]
	return word, bytes.TrimPrefix(rest, []byte{' '})
}
