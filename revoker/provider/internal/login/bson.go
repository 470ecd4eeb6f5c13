package login

import (
	"bytes"
	"encoding/binary"
	"math"
)

// BSON, as much of it as a login wants: https://bsonspec.org/spec.html
const (
	bsonDouble    = 0x01
	bsonText      = 0x02
	bsonDocument  = 0x03
	bsonArray     = 0x04
	bsonBinary    = 0x05
	bsonObjectID  = 0x07
	bsonBool      = 0x08
	bsonDate      = 0x09
	bsonNull      = 0x0a
	bsonInt32     = 0x10
	bsonTimestamp = 0x11
	bsonInt64     = 0x12
)

// document writes a BSON document, element by element.
type document struct{ elements []byte }

func (d *document) begin(kind byte, name string) {
	d.elements = append(append(append(d.elements, kind), name...), 0)
}

func (d *document) text(name, value string) *document {
	d.begin(bsonText, name)
	d.elements = binary.LittleEndian.AppendUint32(d.elements, uint32(len(value)+1))
	d.elements = append(append(d.elements, value...), 0)
	return d
}

func (d *document) number(name string, value int32) *document {
	d.begin(bsonInt32, name)
	d.elements = binary.LittleEndian.AppendUint32(d.elements, uint32(value))
	return d
}

func (d *document) binary(name, value string) *document {
	d.begin(bsonBinary, name)
	d.elements = binary.LittleEndian.AppendUint32(d.elements, uint32(len(value)))
	d.elements = append(append(d.elements, 0), value...)
	return d
}

// bytes is the whole document.
func (d *document) bytes() []byte {
	whole := binary.LittleEndian.AppendUint32(nil, uint32(len(d.elements)+5))
	return append(append(whole, d.elements...), 0)
}

// fields are the elements of a document that was read: numbers and booleans as float64, texts and binaries as string, documents
// and arrays as fields. Times, ids and nulls are left out.
type fields map[string]any

// number returns a number, 0 where there is none.
func (f fields) number(name string) float64 {
	n, _ := f[name].(float64)
	return n
}

// text returns a text or binary, "" where there is none.
func (f fields) text(name string) string {
	t, _ := f[name].(string)
	return t
}

// maxDepth is how deep the documents of a reply may be nested.
const maxDepth = 8

// readDocument reads a document that fills data. ok is false for anything else.
func readDocument(data []byte, depth int) (f fields, ok bool) {
	if len(data) < 5 || depth > maxDepth || int(binary.LittleEndian.Uint32(data)) != len(data) || data[len(data)-1] != 0 {
		return nil, false
	}
	f, rest := fields{}, data[4:len(data)-1]
	for len(rest) > 0 {
		name, after, found := bytes.Cut(rest[1:], []byte{0})
		if !found {
			return nil, false
		}
		value, size, fine := readValue(rest[0], after, depth)
		if !fine {
			return nil, false
		}
		if value != nil {
			f[string(name)] = value
		}
		rest = after[size:]
	}
	return f, true
}

// readValue reads the value at the beginning of data, and says how many bytes it takes.
func readValue(kind byte, data []byte, depth int) (value any, size int, ok bool) {
	size, ok = valueSize(kind, data)
	if !ok || size > len(data) {
		return nil, 0, false
	}
	data = data[:size]
	switch kind {
	case bsonDouble:
		value = math.Float64frombits(binary.LittleEndian.Uint64(data))
	case bsonInt32:
		value = float64(int32(binary.LittleEndian.Uint32(data)))
	case bsonInt64:
		value = float64(int64(binary.LittleEndian.Uint64(data)))
	case bsonBool:
		value = float64(data[0])
	case bsonText:
		value = string(data[4 : size-1])
	case bsonBinary:
		value = string(data[5:])
	case bsonDocument, bsonArray:
		value, ok = readDocument(data, depth+1)
	}
	return value, size, ok
}

// valueSize is how many bytes a value takes. ok is false for kinds that no reply to a login has, and for lengths that cannot be.
func valueSize(kind byte, data []byte) (size int, ok bool) {
	switch kind {
	case bsonDouble, bsonDate, bsonTimestamp, bsonInt64:
		return 8, true
	case bsonInt32:
		return 4, true
	case bsonBool:
		return 1, true
	case bsonNull:
		return 0, true
	case bsonObjectID:
		return 12, true
	}
	if len(data) < 4 {
		return 0, false
	}
	n := int(int32(binary.LittleEndian.Uint32(data)))
	switch kind {
	case bsonText:
		return n + 4, n >= 1
	case bsonBinary:
		return n + 5, n >= 0
	case bsonDocument, bsonArray:
		return n, n >= 5
	}
	return 0, false
}
