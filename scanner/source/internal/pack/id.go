package pack

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// ID is the name of an object, a SHA-1 or SHA-256 sum. IDs are comparable; the zero ID names nothing.
type ID struct {
	sum  [32]byte
	size uint8
}

// MakeID returns the ID with the given 20 or 32 bytes; other lengths give the zero ID.
func MakeID(sum []byte) ID {
	var id ID
	if len(sum) == 20 || len(sum) == 32 {
		id.size = uint8(copy(id.sum[:], sum))
	}
	return id
}

// ParseID reads an ID in hexadecimal form.
func ParseID[S string | []byte](s S) (ID, error) {
	var id ID
	if len(s) != 40 && len(s) != 64 {
		return ID{}, fmt.Errorf("%q is not an object name", s)
	}
	for i := range len(s) {
		digit := hexDigit(s[i])
		if digit > 15 {
			return ID{}, fmt.Errorf("%q is not an object name", s)
		}
		id.sum[i/2] = id.sum[i/2]<<4 | digit
	}
	id.size = uint8(len(s) / 2)
	return id, nil
}

// hexDigit is the value of a digit, more than 15 where it is none.
func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}

// String returns the hexadecimal form.
func (id ID) String() string { return hex.EncodeToString(id.bytes()) }

// Append appends the bytes of the name.
func (id ID) Append(to []byte) []byte { return append(to, id.bytes()...) }

// IsZero reports whether the ID names nothing: the zero ID, or all zeros.
func (id ID) IsZero() bool { return id.sum == [32]byte{} }

// Head returns the first 32 bits, which of sums are evenly spread.
func (id *ID) Head() uint32 { return binary.BigEndian.Uint32(id.sum[:]) }

// Compare orders IDs by their bytes.
func (id ID) Compare(other ID) int { return bytes.Compare(id.sum[:], other.sum[:]) }

func (id *ID) bytes() []byte { return id.sum[:id.size] }
