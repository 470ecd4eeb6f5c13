package unpack

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/bits"
	"strconv"
	"strings"
)

// Format is a kind of container.
type Format struct {
	// Name is its name, Extensions are those that its files usually have, Reads says what is read of one.
	Name       string
	Extensions []string
	Reads      string
	// Random says that it is read at will; others are read from the first byte to the last.
	Random bool

	raw    bool // its own bytes are given as text too
	packer bool // it holds one stream, made small
	unread bool // it is told, and its bytes are given as text
}

// The formats.
var (
	zipFormat = &Format{
		Name: "zip",
		Extensions: []string{
			".zip", ".jar", ".war", ".ear", ".aar", ".apk", ".ipa", ".whl", ".egg", ".nupkg", ".vsix", ".xpi", ".crx", ".epub",
			".docx", ".docm", ".xlsx", ".xlsm", ".pptx", ".pptm", ".odt", ".ods", ".odp",
		},
		Reads: "members and comments, also behind a program (self-extracting) and with the directory missing; of office documents the XML parts, " +
			"and their text with runs joined and a row of cells in a line",
		Random: true,
	}
	tarFormat    = &Format{Name: "tar", Extensions: []string{".tar", ".gem"}, Reads: "members (ustar, pax, GNU, v7, sparse)"}
	gzipFormat   = &Format{Name: "gzip", Extensions: []string{".gz", ".tgz", ".svgz", ".crate"}, Reads: "the text in it", packer: true}
	bzip2Format  = &Format{Name: "bzip2", Extensions: []string{".bz2", ".tbz2"}, Reads: "the text in it", packer: true}
	lzmaFormat   = &Format{Name: "lzma", Extensions: []string{".lzma", ".tlz"}, Reads: "the text in it; known by the name", packer: true}
	xzFormat     = &Format{Name: "xz", Extensions: []string{".xz", ".txz"}, Reads: "the text in it", packer: true}
	zstdFormat   = &Format{Name: "zstd", Extensions: []string{".zst", ".tzst"}, Reads: "the text in it", packer: true}
	lz4Format    = &Format{Name: "lz4", Extensions: []string{".lz4"}, Reads: "the text in it", packer: true}
	brotliFormat = &Format{Name: "brotli", Extensions: []string{".br"}, Reads: "the text in it; known by the name alone", packer: true}
	sevenFormat  = &Format{
		Name: "7z", Extensions: []string{".7z"}, Random: true,
		Reads: "members packed with LZMA, LZMA2, bzip2, deflate, zstd or not at all",
	}
	arFormat = &Format{
		Name: "ar", Extensions: []string{".deb", ".udeb", ".ipk", ".a", ".ar"},
		Reads: "members; of a Debian package its control files and its data",
	}
	cpioFormat = &Format{Name: "cpio", Extensions: []string{".cpio"}, Reads: "members (newc, crc, odc)"}
	rpmFormat  = &Format{Name: "rpm", Extensions: []string{".rpm"}, Reads: "the header with its scripts, and the files"}
	isoFormat  = &Format{
		Name: "iso", Extensions: []string{".iso"}, Random: true,
		Reads: "files (ISO 9660, Joliet, Rock Ridge); known by the name",
	}
	rarFormat    = &Format{Name: "rar", Extensions: []string{".rar"}, Reads: "members of one volume"}
	sqliteFormat = &Format{
		Name: "sqlite", Extensions: []string{".sqlite", ".sqlite3", ".db"}, Random: true, raw: true,
		Reads: "rows of tables, long ones too, and of pages that no table has any more; no SQL is run",
	}
	pdfFormat = &Format{
		Name: "pdf", Extensions: []string{".pdf"}, Random: true, raw: true,
		Reads: "the text of pages and forms, and streams of text",
	}
	pycFormat      = &Format{Name: "pyc", Extensions: []string{".pyc", ".pyo"}, Reads: "string constants and names", Random: true, raw: true}
	notebookFormat = &Format{
		Name: "ipynb", Extensions: []string{".ipynb"}, Random: true, raw: true,
		Reads: "sources and outputs of cells, joined",
	}
)

// unread are archives that are known by their first bytes, and not read: that they are there is told.
var unread = [...]struct {
	mark   string
	format *Format
}{
	{"MSCF\x00\x00\x00\x00", unreadFormat("a cabinet")},
	{"MSWIM\x00\x00\x00", unreadFormat("a WIM image")},
	{"xar!\x00", unreadFormat("a xar archive")},
	{"hsqs", unreadFormat("a squashfs image")},
	{"LZIP\x01", unreadFormat("what lzip made")},
	{"\x89LZO\x00\r\n\x1A\n", unreadFormat("what lzop made")},
	{"\x1F\x9D\x90", unreadFormat("what compress made")},
	{rpmMagic, unreadFormat("an RPM package without a header")},
}

// diskFormat has its mark at its end.
var diskFormat = unreadFormat("a disk image of macOS")

func unreadFormat(what string) *Format { return &Format{Name: what, Random: true, unread: true} }

// byUnread tells an archive that is not read. Those marks are of letters alone in part, and count where zeros follow.
func byUnread(head []byte) *Format {
	for _, u := range unread {
		if bytes.HasPrefix(head, []byte(u.mark)) && bytes.IndexByte(head, 0) >= 0 {
			return u.format
		}
	}
	return nil
}

// Formats returns the kinds of containers.
func Formats() []*Format {
	return []*Format{
		zipFormat, tarFormat, gzipFormat, bzip2Format, xzFormat, lzmaFormat, zstdFormat, lz4Format, brotliFormat, sevenFormat, rarFormat,
		arFormat, cpioFormat, rpmFormat, isoFormat, sqliteFormat, pdfFormat, pycFormat, notebookFormat,
	}
}

// Find returns the format of a file that begins with head (4 KiB, or the whole file when it is shorter), or nil.
func Find(head []byte, name string) *Format {
	if len(head) < 4 {
		return nil
	}
	if f := byMagic(head); f != nil {
		return f
	}
	if isTar(head, name) {
		return tarFormat
	}
	if f := byUnread(head); f != nil {
		return f
	}
	return byName(head, name)
}

// byMagic tells a format by bytes that begin no text.
func byMagic(head []byte) *Format {
	has := func(mark string) bool { return bytes.HasPrefix(head, []byte(mark)) }
	if skips(head) {
		return byMagic(afterSkipped(head))
	}
	switch head[0] {
	case 'P':
		if has("PK\x03\x04") || has("PK\x05\x06") || has("PK\x07\x08") {
			return zipFormat
		}
	case 0x1F:
		return when(has("\x1F\x8B\x08"), gzipFormat)
	case 'B':
		return when(len(head) > 10 && has("BZh") && (string(head[4:10]) == "1AY&SY" || string(head[4:10]) == "\x17\x72\x45\x38\x50\x90"), bzip2Format)
	case 0xFD:
		return when(has("\xFD7zXZ\x00"), xzFormat)
	case 0x28:
		return when(has("\x28\xB5\x2F\xFD"), zstdFormat)
	case 0x04:
		return when(has("\x04\x22\x4D\x18"), lz4Format)
	case 0x02:
		return when(has("\x02\x21\x4C\x18"), lz4Format)
	case '0':
		return when(cpioOf(head) != nil, cpioFormat)
	case '!':
		return when(has(arMagic) && len(head) >= len(arMagic)+arSize && string(head[len(arMagic)+arSize-2:][:2]) == "`\n", arFormat)
	case 0xED:
		return when(isRPM(head), rpmFormat)
	case '7':
		if has(walMagic) && head[3]&^1 == 0x82 {
			return sqliteFormat
		}
		return when(has(sevenMagic), sevenFormat)
	case 'R':
		return when(has("Rar!\x1A\x07"), rarFormat)
	case 'S':
		return when(has(sqliteMagic), sqliteFormat)
	case '%':
		return when(has("%PDF-"), pdfFormat)
	}
	return nil
}

// skips reports whether a text begins with a frame that readers of zstd and lz4 pass over (RFC 8878, 3.1.2).
func skips(head []byte) bool {
	return len(head) >= 8 && head[0]&0xF0 == 0x50 && head[1] == 0x2A && head[2] == 0x4D && head[3] == 0x18
}

// afterSkipped is what follows the frames that are passed over; where that is out of sight, the beginning of a zstd frame.
func afterSkipped(head []byte) []byte {
	for skips(head) {
		n := 8 + uint64(binary.LittleEndian.Uint32(head[4:]))
		if n+4 > uint64(len(head)) {
			return []byte("\x28\xB5\x2F\xFD")
		}
		head = head[n:]
	}
	return head
}

// isLZMA tells what lzma made, which has no mark: the properties and a dictionary of a power of two, or three times that, and a size
// that is said not to be known, or less than 256 GiB.
func isLZMA(head []byte) bool {
	if len(head) < 14 || head[0] >= 9*5*5 {
		return false
	}
	dict := binary.LittleEndian.Uint32(head[1:])
	size := binary.LittleEndian.Uint64(head[5:])
	odd := dict >> bits.TrailingZeros32(dict|1<<31)
	return dict >= 1<<12 && (odd == 1 || odd == 3) && (size < 1<<38 || size == 1<<64-1) && head[13] == 0
}

func when(is bool, f *Format) *Format {
	if is {
		return f
	}
	return nil
}

// byName tells a format whose files have no mark of their own.
func byName(head []byte, name string) *Format {
	switch {
	case hasSuffix(name, ".ipynb"):
		return when(bytes.HasPrefix(bytes.TrimLeft(head, "\xEF\xBB\xBF \t\r\n"), []byte("{")), notebookFormat)
	case hasSuffix(name, ".pyc"), hasSuffix(name, ".pyo"):
		return when(head[2] == '\r' && head[3] == '\n', pycFormat)
	case hasSuffix(name, ".br"):
		return brotliFormat
	case hasSuffix(name, ".lzma"), hasSuffix(name, ".tlz"):
		return when(isLZMA(head), lzmaFormat)
	case hasSuffix(name, ".pdf"): // what stands before its mark is no part of it
		return when(bytes.Contains(head[:min(len(head), 1<<10)], []byte("%PDF-")), pdfFormat)
	case hasSuffix(name, ".zip"): // damaged: that it cannot be read is told
		return when(bytes.IndexByte(head, 0) >= 0, zipFormat)
	case hasSuffix(name, ".iso"):
		return when(bytes.IndexByte(head, 0) >= 0, isoFormat)
	case hasSuffix(name, ".dmg"):
		return when(bytes.IndexByte(head, 0) >= 0, diskFormat)
	case hasSuffix(name, ".gz"), hasSuffix(name, ".tgz"):
		return when(bytes.IndexByte(head, 0) >= 0, gzipFormat)
	}
	return nil
}

func hasSuffix(name, ext string) bool {
	return len(name) > len(ext) && strings.EqualFold(name[len(name)-len(ext):], ext)
}

// isTar tells a tar archive by its mark; one without, as they were before 1988, by its sum where the name says tar.
func isTar(head []byte, name string) bool {
	if len(head) < 512 {
		return false
	}
	if string(head[257:262]) == "ustar" {
		return true
	}
	if !hasSuffix(name, ".tar") {
		return false
	}
	said, err := strconv.ParseInt(strings.Trim(string(head[148:156]), " \x00"), 8, 64)
	sum := int64(8 * ' ')
	for i, c := range head[:512] {
		if i < 148 || i >= 156 {
			sum += int64(c)
		}
	}
	return err == nil && said == sum
}

// Tail is how many bytes at the end of a file FindTail looks at.
const Tail = 1 << 10

// FindTail returns the format of a file that does not begin as a container and ends as one: a program with a zip behind it.
func FindTail(tail []byte) *Format {
	return when(bytes.Contains(tail, []byte("PK\x05\x06")), zipFormat)
}

// stream reads a container from its first byte to the last.
func (w *walk) stream(f *Format, n node, r io.Reader) error {
	switch f {
	case tarFormat:
		return w.tar(n, r)
	case rarFormat:
		return w.rar(n, r)
	case arFormat:
		return w.ar(n, r)
	case cpioFormat:
		return w.cpio(n, r)
	case rpmFormat:
		return w.rpm(n, r)
	default:
		return w.compressed(f, n, r)
	}
}

// random reads a container at will.
func (w *walk) random(f *Format, n node, r io.ReaderAt, size int64) error {
	if f.unread {
		return unsupported(f.Name)
	}
	switch f {
	case zipFormat:
		return w.zip(n, r, size)
	case sevenFormat:
		return w.seven(n, r, size)
	case sqliteFormat:
		return w.sqlite(n, r, size)
	case pdfFormat:
		return w.pdf(n, r, size)
	case pycFormat:
		return w.pyc(n, r, size)
	case isoFormat:
		return w.iso(n, r, size)
	default:
		return w.notebook(n, r, size)
	}
}
