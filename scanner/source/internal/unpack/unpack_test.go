package unpack_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/andybalholm/brotli"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"

	"github.com/quash-sh/quash/scanner/source/internal/unpack"
)

// got is what came out of a container.
type got struct {
	texts map[string]string // by path and view
	order []string
	gaps  []string // path: why
	size  int64
	keep  bool
	stop  int // after so many texts; 0 for never
}

func (g *got) Text(p unpack.Place, r io.Reader) bool {
	name := p.Path
	if p.View != "" {
		name += " " + p.View
	}
	if p.Raw && p.Path == "" {
		name += " raw"
	}
	var w io.Writer = io.Discard
	var b bytes.Buffer
	if g.keep {
		w = &b
	}
	n, _ := io.Copy(w, r)
	g.size += n
	g.order = append(g.order, name)
	if g.keep {
		g.texts[name] += b.String()
	}
	return g.stop == 0 || len(g.order) < g.stop
}

func (g *got) Gap(x unpack.Gap) bool {
	g.gaps = append(g.gaps, x.Path+": "+x.Why)
	if x.Next == "" {
		g.gaps = append(g.gaps, "no next step")
	}
	return true
}

// walk reads a container by its bytes, at will or as a stream.
func walk(t testing.TB, name string, b []byte, stream bool, l unpack.Limits) *got {
	t.Helper()
	g := &got{texts: map[string]string{}, keep: true}
	into(t, g, name, b, stream, l)
	return g
}

func into(t testing.TB, g *got, name string, b []byte, stream bool, l unpack.Limits) {
	t.Helper()
	f := unpack.Find(b[:min(len(b), 4096)], name)
	if f == nil && len(b) > unpack.Tail {
		f = unpack.FindTail(b[len(b)-unpack.Tail:])
	}
	if f == nil {
		return
	}
	in := unpack.Input{Name: name, Reader: bytes.NewReader(b)}
	if !stream {
		in.At, in.Size = bytes.NewReader(b), int64(len(b))
	}
	unpack.Walk(t.Context(), f, in, l, g)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func zipped(files ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		must(io.WriteString(must(z.Create(files[i])), files[i+1]))
	}
	must(0, z.Close())
	return b.Bytes()
}

func tarred(files ...string) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		must(0, w.WriteHeader(&tar.Header{Name: files[i], Size: int64(len(files[i+1])), Mode: 0o600}))
		must(io.WriteString(w, files[i+1]))
	}
	must(0, w.Close())
	return b.Bytes()
}

func pressed(open func(io.Writer) (io.WriteCloser, error)) func(string) []byte {
	return func(s string) []byte {
		var b bytes.Buffer
		w := must(open(&b))
		must(io.WriteString(w, s))
		must(0, w.Close())
		return b.Bytes()
	}
}

// compressors make a file of each kind of one text. The bzip2 library cannot write.
var compressors = map[string]func(string) []byte{
	".gz":   pressed(func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }),
	".xz":   pressed(func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) }),
	".lzma": pressed(func(w io.Writer) (io.WriteCloser, error) { return lzma.NewWriter(w) }),
	".zst":  pressed(func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }),
	".lz4":  pressed(func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil }),
	".br":   pressed(func(w io.Writer) (io.WriteCloser, error) { return brotli.NewWriter(w), nil }),
}

// sevenZipped writes a 7z archive of one folder: all files one after the other, packed with LZMA or, with lzma2, LZMA2.
func sevenZipped(two bool, files ...string) []byte {
	var all string
	for i := 1; i < len(files); i += 2 {
		all += files[i]
	}
	var packed bytes.Buffer
	coder := []byte{0x23, 3, 1, 1, 5}
	if two {
		w := must(lzma.Writer2Config{DictCap: 1 << 16}.NewWriter2(&packed))
		must(io.WriteString(w, all))
		must(0, w.Close())
		coder = []byte{0x21, 0x21, 1, 8} // a dictionary of 2<<15
	} else {
		w := must(lzma.WriterConfig{DictCap: 1 << 16, Size: int64(len(all)), SizeInHeader: true}.NewWriter(&packed))
		must(io.WriteString(w, all))
		must(0, w.Close())
		coder = append(coder, packed.Next(13)[:5]...)
	}
	return sevenFile(packed.Bytes(), coder, uint64(len(all)), files...)
}

func sevenNumber(b []byte, n uint64) []byte {
	return binary.LittleEndian.AppendUint64(append(b, 0xFF), n)
}

// sevenFile lays out a 7z archive of one folder. One with a single file says nothing of how many there are, as 7z writes it.
func sevenFile(packed, coder []byte, size uint64, files ...string) []byte {
	n := uint64(len(files) / 2)
	h := []byte{1, 4, 6}
	h = sevenNumber(sevenNumber(h, 0), 1)
	h = append(sevenNumber(append(h, 9), uint64(len(packed))), 0)
	h = append(h, 7, 11, 1, 0, 1)
	h = append(append(h, coder...), 12)
	h = append(sevenNumber(h, size), 0, 8)
	if n != 1 {
		h = append(sevenNumber(append(h, 13), n), 9)
		for i := 1; i+2 < len(files); i += 2 {
			h = sevenNumber(h, uint64(len(files[i])))
		}
	}
	h = append(h, 0, 0, 5)
	h = sevenNumber(h, n)
	names := []byte{0}
	for i := 0; i < len(files); i += 2 {
		for _, u := range utf16.Encode([]rune(files[i] + "\x00")) {
			names = binary.LittleEndian.AppendUint16(names, u)
		}
	}
	h = sevenNumber(append(h, 17), uint64(len(names)))
	h = append(append(h, names...), 0, 0)
	start := binary.LittleEndian.AppendUint64(nil, uint64(len(packed)))
	start = binary.LittleEndian.AppendUint64(start, uint64(len(h)))
	start = binary.LittleEndian.AppendUint32(start, crc32.ChecksumIEEE(h))
	out := append([]byte("7z\xBC\xAF\x27\x1C\x00\x04"), binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(start))...)
	return slices.Concat(out, start, packed, h)
}

// rarred writes a rar archive (version 5) of files that are not packed.
func rarred(files ...string) []byte {
	block := func(body []byte) []byte {
		b := append(binary.AppendUvarint(nil, uint64(len(body))), body...)
		return append(binary.LittleEndian.AppendUint32(nil, crc32.ChecksumIEEE(b)), b...)
	}
	out := append([]byte("Rar!\x1A\x07\x01\x00"), block([]byte{1, 0, 0})...)
	for i := 0; i < len(files); i += 2 {
		h := binary.AppendUvarint([]byte{2, 2}, uint64(len(files[i+1])))
		h = binary.AppendUvarint(append(h, 0), uint64(len(files[i+1])))
		h = append(h, 0x20, 0, 1) // attributes, no compression, made on Unix
		h = append(binary.AppendUvarint(h, uint64(len(files[i]))), files[i]...)
		out = append(append(out, block(h)...), files[i+1]...)
	}
	return append(out, block([]byte{5, 0, 0})...)
}

// bzip2ed is plain as bzip2 writes it.
var bzip2ed = must(hex.DecodeString("425a683931415926535997a382e70000055180001040000f659c00200021a993218ca1000020297b2c1449199612098238ff17724538509097a382e7"))

const plain = "first line\nsecond line\nthird"

func TestArchives(t *testing.T) {
	want := map[string]string{"a/one.txt": plain, "two.txt": strings.Repeat(plain, 1000), "two.txt (2)": "again"}
	files := []string{"a/one.txt", plain, "two.txt", want["two.txt"], "two.txt", "again"}
	archives := map[string][]byte{
		"a.zip": zipped(files...), "a.tar": tarred(files...), "a.7z": sevenZipped(false, files...), "b.7z": sevenZipped(true, files...),
		"a.rar": rarred(files...), "self.exe": append(append([]byte("MZ\x00"), make([]byte, 9000)...), zipped(files...)...),
		"copy.7z": sevenFile([]byte(plain+want["two.txt"]+"again"), []byte{1, 0}, uint64(len(plain)+len(want["two.txt"])+5), files...),
	}
	for ext, press := range compressors {
		archives["a.tar"+ext] = press(string(tarred(files...)))
	}
	archives["a.tgz"] = archives["a.tar.gz"]
	for name, b := range archives {
		for _, stream := range []bool{false, true} {
			g := walk(t, name, b, stream, unpack.Limits{})
			if d := cmp.Diff(want, g.texts); d != "" || len(g.gaps) > 0 {
				t.Errorf("%s, stream %v (-want +got):\n%.600s\ngaps %q", name, stream, d, g.gaps)
			}
		}
	}
}

func TestCompressed(t *testing.T) {
	for ext, press := range compressors {
		g := walk(t, "dir/notes.txt"+ext, press(plain), false, unpack.Limits{})
		if d := cmp.Diff(map[string]string{"notes.txt": plain}, g.texts); d != "" || len(g.gaps) > 0 {
			t.Errorf("%s (-want +got):\n%s\ngaps %q", ext, d, g.gaps)
		}
	}
	g := walk(t, "notes.txt.bz2", bzip2ed, true, unpack.Limits{})
	if d := cmp.Diff(map[string]string{"notes.txt": plain}, g.texts); d != "" || len(g.gaps) > 0 {
		t.Errorf("bzip2 (-want +got):\n%s\ngaps %q", d, g.gaps)
	}
}

func TestNested(t *testing.T) {
	inner := zipped("deep.env", plain)
	middle := compressors[".zst"](string(tarred("in/inner.zip", string(inner))))
	outer := sevenZipped(true, "middle.tar.zst", string(middle))
	g := walk(t, "outer.7z", outer, false, unpack.Limits{})
	if d := cmp.Diff(map[string]string{"middle.tar.zst!in/inner.zip!deep.env": plain}, g.texts); d != "" || len(g.gaps) > 0 {
		t.Errorf("(-want +got):\n%s\ngaps %q", d, g.gaps)
	}
}

// TestZipMethods reads members packed in ways that archive/zip does not know.
func TestZipMethods(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	add := func(name string, method uint16, packed []byte) {
		w := must(z.CreateRaw(&zip.FileHeader{Name: name, Method: method, CompressedSize64: uint64(len(packed)), UncompressedSize64: uint64(len(plain)),
			CRC32: crc32.ChecksumIEEE([]byte(plain))}))
		must(w.Write(packed))
	}
	var x bytes.Buffer
	w := must(lzma.WriterConfig{DictCap: 1 << 16, EOSMarker: true}.NewWriter(&x))
	must(io.WriteString(w, plain))
	must(0, w.Close())
	add("lzma", 14, slices.Concat([]byte{9, 20, 5, 0}, x.Bytes()[:5], x.Bytes()[13:]))
	add("bzip2", 12, bzip2ed)
	add("zstd", 93, compressors[".zst"](plain))
	add("xz", 95, compressors[".xz"](plain))
	add("unknown", 97, []byte("?"))
	must(0, z.Close())
	g := walk(t, "a.zip", b.Bytes(), false, unpack.Limits{})
	delete(g.texts, " raw")
	if d := cmp.Diff(map[string]string{"lzma": plain, "bzip2": plain, "zstd": plain, "xz": plain}, g.texts); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"unknown: its method of packing is not known"}, g.gaps); d != "" {
		t.Errorf("gaps (-want +got):\n%s", d)
	}
}

func TestDepth(t *testing.T) {
	b := []byte(plain)
	for range 7 {
		b = zipped("x.zip", string(b))
	}
	g := walk(t, "x.zip", b, false, unpack.Limits{})
	want := []string{"x.zip!x.zip!x.zip!x.zip!x.zip: containers nested deeper than 5"}
	if d := cmp.Diff(want, g.gaps); d != "" {
		t.Errorf("gaps (-want +got):\n%s", d)
	}
}

// bombs are containers that are much larger unpacked, or endless.
func bombs() map[string][]byte {
	zeros := strings.Repeat("\x00", 64<<20)
	gz := compressors[".gz"](zeros)
	many := make([]string, 0, 40)
	for i := range 20 {
		many = append(many, fmt.Sprintf("%d.gz", i), string(gz))
	}
	level := zipped(many...)
	for range 2 { // zips in zips, sixteen of each
		many = many[:0]
		for i := range 16 {
			many = append(many, fmt.Sprintf("%d.zip", i), string(level))
		}
		level = zipped(many...)
	}
	return map[string][]byte{"zeros.gz": gz, "zips.zip": level, "zeros.7z": sevenZipped(false, "zeros", zeros[:24<<20])}
}

func TestBombs(t *testing.T) {
	if testing.Short() {
		t.Skip("it reads much, and nothing of it runs side by side")
	}
	limits := unpack.Limits{Floor: 8 << 20, Ratio: 10}
	for name, b := range bombs() {
		begun := time.Now()
		g := &got{}
		into(t, g, name, b, false, limits)
		most := max(8<<20, 10*int64(len(b)))
		if g.size > most+1<<20 || time.Since(begun) > 20*time.Second {
			t.Errorf("%s: %d bytes in %v of %d", name, g.size, time.Since(begun), len(b))
		}
		if len(g.gaps) == 0 || !strings.Contains(strings.Join(g.gaps, "\n"), "bytes come out of the container") {
			t.Errorf("%s: no gap for the limit: %q", name, g.gaps)
		}
	}
}

func TestMembers(t *testing.T) {
	var files []string
	for i := range 50 {
		files = append(files, fmt.Sprint(i), "x")
	}
	g := walk(t, "a.tar", tarred(files...), true, unpack.Limits{Members: 30})
	if len(g.texts) != 30 || len(g.gaps) != 1 || g.gaps[0] != "30: more than 30 members" {
		t.Errorf("%d texts, gaps %q", len(g.texts), g.gaps)
	}
}

// TestSpool keeps a container aside in a file, and tells when there is no room for it.
func TestSpool(t *testing.T) {
	random := make([]byte, 9<<20)
	for i := range random {
		random[i] = byte(i*i>>3 ^ i>>7)
	}
	b := tarred("in.zip", string(stored("a", string(random), "b", plain)))
	dir := t.TempDir()
	g := walk(t, "a.tar", b, true, unpack.Limits{Temp: dir})
	if g.texts["in.zip!b"] != plain || len(g.gaps) > 0 {
		t.Errorf("gaps %q", g.gaps)
	}
	g = walk(t, "a.tar", b, true, unpack.Limits{Temp: dir, Spool: 9<<20 + 100})
	if len(g.gaps) < 1 || g.gaps[0] != "in.zip: a container of more than 9,437,284 bytes in another one" || !strings.Contains(g.texts["in.zip"], "PK") {
		t.Errorf("gaps %q", g.gaps)
	}
	if left := must(fs(dir)); len(left) > 0 {
		t.Errorf("left in the directory: %v", left)
	}
}

func stored(files ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w := must(z.CreateHeader(&zip.FileHeader{Name: files[i], Method: zip.Store}))
		must(io.WriteString(w, files[i+1]))
	}
	must(0, z.Close())
	return b.Bytes()
}
