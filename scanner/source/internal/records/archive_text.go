package records

import (
	"io"

	"github.com/quash-sh/quash/scanner"
)

// ReadText gives on a file that belongs to a record, such as an attachment, under the views of a record's texts. It reports whether more
// is wanted, and returns the error of reading, if there was one.
func ReadText(at scanner.Location, text io.Reader, out Out) (more bool, err error) {
	r := &reading{out: out, path: at.Path}
	r.hold.r = r
	r.hold.begin(filePlace(at), "")
	buf := make([]byte, 64<<10)
	for !r.stopped && err == nil {
		var n int
		n, err = text.Read(buf)
		r.hold.write(buf[:n])
	}
	r.hold.finish()
	if err == io.EOF {
		err = nil
	}
	return !r.stopped, err
}

// filePlace is the place of a file.
type filePlace scanner.Location

// location implements place.
func (p filePlace) location() scanner.Location { return scanner.Location(p) }

// name implements place.
func (p filePlace) name() string { return "" }
