package decode

// What a byte is; class has the sum.
const (
	word     = 1 << iota // letter, digit or _
	hexDigit             // hexadecimal digit
	keyByte              // what keys are made of
	base64Byte
	// first, second and third say of a character of base64 that the byte which it ends or begins is ASCII when it is the first,
	// second or third of its four.
	first
	second
	third
	mark // what stands before the text of a line in a quotation, a comment or a list
)

const (
	standardAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	notBase64        = 0xFF
)

var (
	class    = classes()
	sextets  = sextetTable()
	inBase64 = [...]uint8{first, second, third, 0}
)

// sextetTable gives the six bits of a character of either alphabet.
func sextetTable() (t [256]uint8) {
	for i := range t {
		t[i] = notBase64
	}
	for i, c := range []byte(standardAlphabet) {
		t[c] = uint8(i)
	}
	t['-'], t['_'] = t['+'], t['/']
	return t
}

func classes() (t [256]uint8) {
	bits := sextetTable()
	for i := range t {
		c := byte(i)
		if letter(c) || '0' <= c && c <= '9' || c == '_' {
			t[i] |= word | keyByte
		}
		if digit(c) < 16 {
			t[i] |= hexDigit
		}
		if v := bits[i]; v != notBase64 {
			t[i] |= base64Byte
			for n, bit := range [...]uint8{0x20, 0x08, 0x02} { // the highest bit of the byte
				if v&bit == 0 {
					t[i] |= inBase64[n]
				}
			}
		}
	}
	for _, c := range []byte("-+/=.") {
		t[c] |= keyByte
	}
	for _, c := range []byte(">#*|; \t") {
		t[c] |= mark
	}
	return t
}
