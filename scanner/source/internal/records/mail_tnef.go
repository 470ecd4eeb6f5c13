package records

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"

	"golang.org/x/text/encoding/unicode"
)

// tnefSignature begins the file winmail.dat, in which Outlook puts the text and the attachments of a mail (MS-OXTNEF).
const tnefSignature = 0x223E9F78

// maxTNEF bounds what is held of one attribute. A longer attachment is given on as it is read, under the name that is known by then.
const maxTNEF = 16 << 20

// The attributes of such a file that hold text or files, by their ids.
const (
	tnefSubject    = 0x00018004
	tnefTitle      = 0x00018010 // of an attachment
	tnefBody       = 0x0002800C
	tnefData       = 0x0006800F // of an attachment
	tnefAttachment = 0x00069002 // begins one
	tnefProps      = 0x00069003 // MAPI properties of the message
	tnefAttProps   = 0x00069005 // and of an attachment
)

// tnefReader reads such a file.
type tnefReader struct {
	m    *mailReader
	of   *message
	part string
	r    io.Reader
	n    int // attachments
	name string
	data []byte // of the attachment, until its name is known
}

// tnef gives on what stands in a winmail.dat.
func (m *mailReader) tnef(of *message, part string, r io.Reader) {
	t := &tnefReader{m: m, of: of, part: part, r: r}
	var head [6]byte
	if _, err := io.ReadFull(r, head[:]); err != nil || binary.LittleEndian.Uint32(head[:]) != tnefSignature {
		m.file(of, "attachment winmail.dat", "winmail.dat", part, io.MultiReader(bytes.NewReader(head[:]), r))
		return
	}
	for !m.r.stopped {
		more, err := t.attribute()
		if err != nil {
			m.broken(fmt.Sprintf("winmail.dat in %s: %v", part, err))
		}
		if !more {
			break
		}
	}
	t.attachment()
}

// attribute reads one attribute, and reports whether another may follow.
func (t *tnefReader) attribute() (bool, error) {
	var head [9]byte // level, id, length
	switch _, err := io.ReadFull(t.r, head[:]); {
	case err == io.EOF:
		return false, nil
	case err != nil:
		return false, errTNEFCut
	}
	id, size := binary.LittleEndian.Uint32(head[1:]), binary.LittleEndian.Uint32(head[5:])
	body := &io.LimitedReader{R: t.r, N: int64(size)}
	err := t.value(id, body)
	if _, cut := io.Copy(io.Discard, body); cut != nil || body.N > 0 {
		return false, errTNEFCut
	}
	_, cut := io.ReadFull(t.r, head[:2]) // the checksum, which nobody minds
	if cut != nil {
		return false, errTNEFCut
	}
	return true, err
}

// errTNEFCut says that a file ends early.
var errTNEFCut = fmt.Errorf("cut off")

// value reads the value of an attribute.
func (t *tnefReader) value(id uint32, r *io.LimitedReader) error {
	if id == tnefAttachment {
		t.attachment()
		t.n++
		return nil
	}
	if id != tnefSubject && id != tnefTitle && id != tnefBody && id != tnefData && id != tnefProps && id != tnefAttProps {
		return nil
	}
	if r.N > maxTNEF {
		return t.large(id, r)
	}
	b, err := io.ReadAll(r)
	if err != nil || r.N > 0 {
		return nil // the caller tells
	}
	switch id {
	case tnefSubject:
		t.text("subject", bytes.TrimRight(b, "\x00"))
	case tnefBody:
		t.text("body", bytes.TrimRight(b, "\x00"))
	case tnefTitle:
		b = bytes.TrimRight(b, "\x00")
		t.text("attachment name", b)
		t.name = string(b)
	case tnefData:
		t.data = b
	default:
		return t.props(b)
	}
	return nil
}

// large reads a value that is not held.
func (t *tnefReader) large(id uint32, r io.Reader) error {
	switch id {
	case tnefData:
		t.file(r)
	case tnefBody:
		t.m.text(t.of, t.part+" winmail.dat body", r, false)
	default:
		return fmt.Errorf("attribute %08x is longer than %d bytes", id, maxTNEF)
	}
	return nil
}

// attachment gives on the attachment that was read.
func (t *tnefReader) attachment() {
	if len(t.data) > 0 {
		t.file(bytes.NewReader(t.data))
	}
	t.data, t.name = nil, ""
}

func (t *tnefReader) file(r io.Reader) {
	name := fileLabel(t.name)
	if name == "" {
		name = "winmail.dat " + strconv.Itoa(t.n)
	}
	t.m.file(t.of, "attachment "+name, name, t.part, r)
}

func (t *tnefReader) text(what string, b []byte) {
	t.m.give(t.of, t.part+" winmail.dat "+what, b)
}

// The MAPI properties that have names here, by their ids.
const (
	mapiRTF      = 0x1009
	mapiLongName = 0x3707
)

var mapiNames = map[uint16]string{0x0037: "subject", 0x1000: "body", mapiRTF: "rtf", 0x1013: "html", 0x3704: "attachment name", mapiLongName: "attachment name"}

// The types of MAPI properties. Those of any length come with a count of values and a length for each.
const (
	mapiObject  = 0x000D
	mapiString  = 0x001E
	mapiUnicode = 0x001F
	mapiBinary  = 0x0102
	mapiMany    = 0x1000 // or-ed in: several values
)

// mapiSize is how many bytes a value of a type takes.
var mapiSize = map[uint16]int{2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 10: 4, 11: 4, 20: 8, 64: 8, 72: 16}

// mapiBytes reads little-endian numbers and padded texts. It remembers that there were too few bytes.
type mapiBytes struct {
	b   []byte
	cut bool
}

func (m *mapiBytes) take(n int) []byte {
	if n < 0 || n > len(m.b) {
		m.cut, m.b = true, nil
		return nil
	}
	b := m.b[:n]
	m.b = m.b[n:]
	return b
}

func (m *mapiBytes) uint32() int {
	if b := m.take(4); b != nil {
		return int(binary.LittleEndian.Uint32(b))
	}
	return 0
}

// padded takes n bytes and what fills them up to a multiple of four.
func (m *mapiBytes) padded(n int) []byte {
	b := m.take(n)
	m.take(min(-n&3, len(m.b)))
	return b
}

// props reads MAPI properties, and gives on those that are texts.
func (t *tnefReader) props(b []byte) error {
	m := &mapiBytes{b: b}
	for n := m.uint32(); n > 0 && !m.cut; n-- {
		head := m.uint32()
		kind, id := uint16(head), uint16(head>>16)
		if id >= 0x8000 {
			m.take(16)
			if m.uint32() == 1 {
				t.prop(id, mapiUnicode, m.padded(m.uint32()))
			} else {
				m.take(4)
			}
		}
		one := kind &^ mapiMany
		size, fixed := mapiSize[one]
		values := 1
		if !fixed || kind&mapiMany != 0 {
			values = m.uint32()
		}
		for ; values > 0 && !m.cut; values-- {
			switch {
			case fixed:
				m.take(size)
			case one == mapiString, one == mapiUnicode, one == mapiBinary, one == mapiObject:
				t.prop(id, one, m.padded(m.uint32()))
			default:
				return fmt.Errorf("a property of type %04x cannot be read", one)
			}
		}
	}
	if m.cut {
		return fmt.Errorf("its properties are cut off")
	}
	return nil
}

// prop gives on a property.
func (t *tnefReader) prop(id, kind uint16, b []byte) {
	name := mapiNames[id]
	if name == "" {
		name = fmt.Sprintf("property %04x", id)
	}
	switch {
	case id == mapiRTF && kind == mapiBinary:
		if b = inflateRTF(b); len(b) > 0 {
			t.text(name, b)
			t.text(name+" text", plainRTF(b))
		}
		return
	case kind == mapiUnicode:
		b, _ = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder().Bytes(b) // it takes anything
	case kind != mapiString && mapiNames[id] == "":
		return // bytes of no known text
	}
	b = bytes.TrimRight(b, "\x00")
	if id == mapiLongName {
		t.name = string(b)
	}
	t.text(name, b)
}
