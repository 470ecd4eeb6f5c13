package unpack

import (
	"bufio"
	"bytes"
	"io"
	"strconv"
)

// cpioForm is one of the forms of cpio archives: the digits of a header's fields, and to how many bytes names and members are filled up.
type cpioForm struct {
	base, size, unit     int
	mode, name, contents [2]int // where in the header these fields stand
}

// The forms that are read (the headers of cpio(5)).
var (
	cpioNew = &cpioForm{base: 16, size: 110, unit: 4, mode: [2]int{14, 22}, name: [2]int{94, 102}, contents: [2]int{54, 62}}
	cpioOld = &cpioForm{base: 8, size: 76, unit: 1, mode: [2]int{18, 24}, name: [2]int{59, 65}, contents: [2]int{65, 76}}
)

const (
	cpioEnd = "TRAILER!!!"
	// maxCpioName bounds a name, in bytes.
	maxCpioName = 64 << 10
	// fileType masks the kind of a file in its mode, and regular is that of a file.
	fileType, regular = 0o170000, 0o100000
)

// cpioOf returns the form of a cpio archive that begins with head, nil when it is none.
func cpioOf(head []byte) *cpioForm {
	form := cpioNew
	switch {
	case bytes.HasPrefix(head, []byte("070707")):
		form = cpioOld
	case !bytes.HasPrefix(head, []byte("070701")) && !bytes.HasPrefix(head, []byte("070702")):
		return nil
	}
	if len(head) < form.size {
		return nil
	}
	for _, c := range head[:form.size] {
		if digit := c | 0x20; c < '0' || c > '9' && (digit < 'a' || digit > 'f') || form == cpioOld && c > '7' {
			return nil
		}
	}
	return form
}

func (f *cpioForm) field(h []byte, at [2]int) int64 {
	n, _ := strconv.ParseInt(string(h[at[0]:at[1]]), f.base, 64) // which are digits
	return n
}

// cpio reads a cpio archive. What stands behind its end, as in the initial file system of Linux, is a member too.
func (w *walk) cpio(n node, r io.Reader) error {
	body := bufio.NewReader(r)
	in := &trail{r: body}
	for w.live() {
		h := make([]byte, cpioNew.size)
		head, _ := body.Peek(len(h))
		form := cpioOf(head)
		if form == nil {
			err := error(errDamaged)
			if len(head) < cpioOld.size {
				err = io.ErrUnexpectedEOF
			}
			return w.broken(n, in, err)
		}
		_, _ = io.ReadFull(in, h[:form.size])
		size := form.field(h, form.name)
		if size > maxCpioName {
			return w.broken(n, in, errDamaged)
		}
		title := &exact{in, size}
		name, err := io.ReadAll(title)
		if err == nil {
			err = title.skip(int64(form.unit))
		}
		if err != nil {
			return w.broken(n, in, err)
		}
		name = bytes.TrimRight(name, "\x00")
		m := &exact{in, form.field(h, form.contents)}
		if string(name) == cpioEnd {
			w.behind(n, body)
			return nil
		}
		if form.field(h, form.mode)&fileType == regular {
			w.member(n.below(string(name)), m)
		}
		if err := m.skip(int64(form.unit)); err != nil {
			return w.broken(n, in, err)
		}
	}
	return nil
}

// behind gives what follows the end of an archive and the zeros that fill it up.
func (w *walk) behind(n node, r *bufio.Reader) {
	for {
		c, err := r.ReadByte()
		if err != nil {
			return
		}
		if c != 0 {
			_ = r.UnreadByte()
			w.member(n.below("(behind its end)"), r)
			return
		}
	}
}
