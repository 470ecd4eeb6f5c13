package decode

import "unicode/utf8"

// invisible reports whether a reader does not see r: zero-width, soft hyphen, bidirectional and other format controls,
// and the byte order mark.
func invisible(r rune) bool {
	switch {
	case r == 0xAD, r == 0x034F, r == 0x061C, r == 0x180E, r == 0xFEFF:
		return true
	case 0x200B <= r && r <= 0x200F, 0x202A <= r && r <= 0x202E, 0x2060 <= r && r <= 0x206F, 0xFE00 <= r && r <= 0xFE0F:
		return true
	}
	return false
}

// plain returns the ASCII character that r looks like, or r. Long dashes are no hyphens: prose is full of them, and nothing
// puts one for a hyphen.
func plain(r rune) rune {
	switch {
	case 0xFF01 <= r && r <= 0xFF5E:
		return r - 0xFEE0
	case r == 0xA0, r == 0x202F, r == 0x3000:
		return ' '
	case 0x2010 <= r && r <= 0x2013, r == 0x2212:
		return '-'
	}
	return r
}

// appendRune appends what a reader sees of r.
func appendRune(dst []byte, r rune) []byte {
	if invisible(r) {
		return dst
	}
	return utf8.AppendRune(dst, plain(r))
}

// appendWide appends the first character of src, which is not ASCII, and returns how long it was. Bytes that are not UTF-8
// are kept.
func appendWide(dst, src []byte) ([]byte, int) {
	r, n := utf8.DecodeRune(src)
	if r == utf8.RuneError && n <= 1 {
		return append(dst, src[0]), 1
	}
	return appendRune(dst, r), n
}
