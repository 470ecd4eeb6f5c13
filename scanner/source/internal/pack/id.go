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
func ParseID(s string) (ID, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 20 && len(b) != 32 {
		return ID{}, fmt.Errorf("%q is not an object name", s)
	}
	return MakeID(b), nil
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
