package unpack_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"runtime/metrics"
	"strings"
	"testing"

	"github.com/quash-sh/quash/scanner/source/internal/unpack"
)

func fs(dir string) ([]os.DirEntry, error) { return os.ReadDir(dir) }

// Bounds of an execution: of its input, of what it may give and hold, and of how often it may read what it was given.
const (
	fuzzInput     = 64 << 10
	fuzzFloor     = 128 << 10
	fuzzRatio     = 16
	fuzzAllocated = 256 << 20
	fuzzReads     = 64
)

// reads counts the bytes that are read at will of a container.
type reads struct {
	*bytes.Reader
	n int64
}

func (r *reads) ReadAt(b []byte, off int64) (int, error) {
	n, err := r.Reader.ReadAt(b, off)
	r.n += int64(n)
	return n, err
}

// allocated is how many bytes were ever allocated. It does not stop the program to know it.
func allocated() uint64 {
	all := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(all)
	return all[0].Value.Uint64()
}

// within walks a container that may be anything, and holds the walk to its bounds.
func within(t *testing.T, name string, b []byte, stream bool) {
	f := unpack.Find(b[:min(len(b), 4096)], name)
	if f == nil || len(b) > fuzzInput {
		return
	}
	limits := unpack.Limits{Floor: fuzzFloor, Ratio: fuzzRatio, Members: 64, Spool: 1 << 20}
	r := &reads{Reader: bytes.NewReader(b)}
	in := unpack.Input{Name: name, Reader: bytes.NewReader(b)}
	if !stream {
		in.At, in.Size = r, int64(len(b))
	}
	g, before := &got{}, allocated()
	unpack.Walk(t.Context(), f, in, limits, g)
	out := max(fuzzFloor, fuzzRatio*int64(len(b)))
	if most := 3*out + 8*fuzzRatio*int64(len(b)+1); g.size > most { // and the bytes of what could not be read
		t.Errorf("%d bytes came out of %d", g.size, len(b))
	}
	if most := fuzzReads * int64(len(b)+fuzzInput); r.n > most {
		t.Errorf("%d bytes were read of %d", r.n, len(b))
	}
	if grown := allocated() - before; grown > fuzzAllocated {
		t.Errorf("%d bytes allocated for %d", grown, len(b))
	}
}

// fuzz gives a container, with its first bytes made those of its format where mend is told.
func fuzz(f *testing.F, name string, mend func([]byte) []byte, seeds ...[]byte) {
	for _, b := range seeds {
		f.Add(b, false)
		f.Add(b, true)
		for i := 0; i < len(b) && i < 512; i += 1 + len(b)/64 { // a field that says too much
			more := bytes.Clone(b)
			more[i] ^= 0xFF
			f.Add(more, i%2 == 0)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte, stream bool) {
		if mend != nil && len(b) <= fuzzInput {
			b = mend(bytes.Clone(b))
		}
		within(t, name, b, stream)
	})
}

// small are containers of little, by name.
func small(name string) []byte { return samples("some text of a file\n")[name] }

// smallDatabase has pages of 512 bytes, a row that goes on in others, a deleted one, an index and a table without row numbers.
func smallDatabase() []byte {
	return must(sqliteFile([]string{
		"PRAGMA page_size=512", "PRAGMA auto_vacuum=0",
		"CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b BLOB, c REAL)", "CREATE INDEX i ON t (a)",
		"CREATE TABLE k (k TEXT PRIMARY KEY, v BLOB) WITHOUT ROWID",
		"INSERT INTO t (a, b, c) VALUES ('first', '" + strings.Repeat("long ", 200) + "', 1.5), ('second', x'50', NULL), ('gone', '', 3)",
		"INSERT INTO k VALUES ('the key', 'the value')", "DELETE FROM t WHERE a = 'gone'",
	}))
}

// sealed gives the headers of a tar archive the sums that they are to have.
func sealed(b []byte) []byte {
	const size, magic, sum = 512, 257, 148
	for at := 0; at+size <= len(b); at += size {
		h := b[at : at+size]
		if string(h[magic:magic+5]) != "ustar" {
			continue
		}
		copy(h[sum:], "        ")
		n := 0
		for _, c := range h {
			n += int(c)
		}
		copy(h[sum:], fmt.Sprintf("%06o\x00 ", n))
	}
	return b
}

// magic puts back the first bytes of a format.
func magic(head string) func([]byte) []byte {
	return func(b []byte) []byte {
		copy(b, head)
		return b
	}
}

// FuzzOffice gives the parts of documents.
func FuzzOffice(f *testing.F) {
	f.Add("<sst><si><t>name</t></si><si><r><t>first</t></r><r><t>half</t></r></si></sst>",
		`<worksheet><sheetData><row r="1"><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row><row r="2"><c><v>42</v></c><c t="inlineStr"><is><t>in line</t></is></c></row></sheetData></worksheet>`, byte(0))
	f.Add("", "<w:document><w:body><w:p><w:r><w:t>left</w:t></w:r><w:r><w:t>right &amp; more</w:t><w:tab/></w:r></w:p></w:body></w:document>", byte(1))
	f.Add("", "<office:document><text:p>a<text:span>b</text:span>c<text:line-break/>d</text:p></office:document>", byte(2))
	f.Add("<sst><si><t>a</t></si></sst>", `<row><c t="s"><v>99999999999999999999</v></c><c t="s"><v>-1</v></c><c t="s"><v>0</v><v>0`, byte(0))
	f.Fuzz(func(t *testing.T, shared, part string, kind byte) {
		switch kind % 3 {
		case 0:
			within(t, "a.xlsx", stored("[Content_Types].xml", "<Types/>", "xl/sharedStrings.xml", shared, "xl/worksheets/sheet1.xml", part), kind > 127)
		case 1:
			within(t, "a.docx", stored("[Content_Types].xml", shared, "word/document.xml", part), kind > 127)
		default:
			within(t, "a.odt", stored("mimetype", shared, "content.xml", part), kind > 127)
		}
	})
}

// FuzzZip gives archives whose members stand in them as they are, so that a changed byte is not lost in what no longer inflates.
func FuzzZip(f *testing.F) {
	inner := stored("in.txt", "text", "../up", "more")
	fuzz(f, "a.zip", nil, stored("one.txt", "some text\n", "b.zip", string(inner), "c.tar", string(tarred("t", "x"))[:1024]), small("a.zip"))
}

func FuzzTar(f *testing.F) {
	long := tarred(strings.Repeat("long/", 40)+"name", "text", "two", strings.Repeat("x", 600))
	fuzz(f, "a.tar", sealed, small("a.tar"), long, bytes.Clone(long[:len(long)-700]))
}

func FuzzSQLite(f *testing.F) {
	fuzz(f, "a.sqlite", func(b []byte) []byte {
		if len(b) > 18 {
			copy(b, "SQLite format 3\x00")
			if n := binary.BigEndian.Uint16(b[16:]); n < 512 || n&(n-1) != 0 { // no reader takes another
				binary.BigEndian.PutUint16(b[16:], 512<<(n%3))
			}
		}
		return b
	}, smallDatabase())
}

func FuzzGzip(f *testing.F)     { fuzz(f, "a.gz", magic("\x1F\x8B\x08"), small("a.gz")) }
func FuzzXz(f *testing.F)       { fuzz(f, "a.xz", nil, small("a.xz")) }
func FuzzLzma(f *testing.F)     { fuzz(f, "a.lzma", nil, small("a.lzma")) }
func FuzzZstd(f *testing.F)     { fuzz(f, "a.zst", magic("\x28\xB5\x2F\xFD"), small("a.zst")) }
func FuzzLz4(f *testing.F)      { fuzz(f, "a.lz4", nil, small("a.lz4")) }
func FuzzBrotli(f *testing.F)   { fuzz(f, "a.br", nil, small("a.br")) }
func FuzzBzip2(f *testing.F)    { fuzz(f, "a.bz2", nil, small("a.bz2")) }
func FuzzSevenZip(f *testing.F) { fuzz(f, "a.7z", magic("7z\xBC\xAF\x27\x1C"), small("a.7z")) }
func FuzzRar(f *testing.F)      { fuzz(f, "a.rar", nil, small("a.rar")) }
func FuzzPDF(f *testing.F) {
	fuzz(f, "a.pdf", magic("%PDF-"), small("a.pdf"), pdfFile(false, "some text"))
}
func FuzzPyc(f *testing.F) { fuzz(f, "a.pyc", nil, small("a.pyc")) }
func FuzzAr(f *testing.F) {
	fuzz(f, "a.deb", magic("!<arch>\n"), archived("one.txt", "text", "a name that is long", "more\n", "a.zip", string(stored("in.txt", "text"))))
}
func FuzzCpio(f *testing.F) {
	fuzz(f, "a.cpio", nil, cpioed(false, "one.txt", "text", "two", "more\n"), cpioed(true, "one.txt", "text", "two", "more\n"))
}
func FuzzRPM(f *testing.F) {
	fuzz(f, "a.rpm", magic("\xED\xAB\xEE\xDB"), rpmed("a script", cpioed(false, "one.txt", "text")), rpmed("", compressors[".gz"](string(cpioed(true, "one.txt", "text")))))
}

// FuzzISO gives what follows the sixteen sectors of an image that nobody looks at.
func FuzzISO(f *testing.F) {
	const unseen = 16 * 2048
	top, below := isoFile{"TOP.TXT;1", "", strings.Repeat("text\n", 900), 2}, isoFile{"BELOW.;1", "a long name", "more", 1}
	fuzz(f, "a.iso", func(b []byte) []byte { return append(make([]byte, unseen), b[:min(len(b), fuzzInput-unseen)]...) },
		isoed(false, top, below)[unseen:], isoed(true, top, below)[unseen:])
}
func FuzzNotebook(f *testing.F) { fuzz(f, "a.ipynb", nil, small("a.ipynb")) }
