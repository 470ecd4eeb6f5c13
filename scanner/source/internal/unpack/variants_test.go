package unpack_test

import (
	"bytes"
	"compress/zlib"
	"encoding/ascii85"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/quash-sh/quash/scanner/source/internal/unpack"
)

// TestOneMember: a folder of a 7z archive that says nothing of its members has one. Archives that are not solid are made of such.
func TestOneMember(t *testing.T) {
	for _, b := range [][]byte{sevenZipped(true, "one.txt", plain), sevenFile([]byte(plain), []byte{1, 0}, uint64(len(plain)), "one.txt", plain)} {
		if g := walk(t, "a.7z", b, false, unpack.Limits{}); g.texts["one.txt"] != plain || len(g.gaps) > 0 {
			t.Errorf("texts %q, gaps %q", g.texts, g.gaps)
		}
	}
}

// TestAppended: what is appended to a tar, gzip or zstd file, and what may stand between.
func TestAppended(t *testing.T) {
	gz, zst := compressors[".gz"], compressors[".zst"]
	skipped := append([]byte("\x50\x2A\x4D\x18\x05\x00\x00\x00"), "notes"...)
	long := append([]byte("\x5F\x2A\x4D\x18"), binary.LittleEndian.AppendUint32(nil, 9000)...)
	for name, c := range map[string]struct {
		b    []byte
		want []string
	}{
		"a.tar":  {slices.Concat(tarred("one.txt", plain), make([]byte, 4096), tarred("two.txt", "more")), []string{plain, "more"}},
		"b.tar":  {slices.Concat(tarred("one.txt", plain), []byte("no archive")), []string{plain}},
		"a.gz":   {slices.Concat(gz(plain), make([]byte, 700)), []string{plain}},
		"b.gz":   {slices.Concat(gz(plain), make([]byte, 7), gz("more")), []string{plain + "more"}},
		"a.zst":  {slices.Concat(skipped, skipped, zst(plain)), []string{plain}},
		"b.zst":  {slices.Concat(long, make([]byte, 9000), zst(plain)), []string{plain}},
		"c.zst":  {slices.Concat(zst(plain), skipped, zst("more")), []string{plain + "more"}},
		"a.tlz":  {compressors[".lzma"](string(tarred("one.txt", plain))), []string{plain}},
		"a.lzma": {compressors[".lzma"](plain), []string{plain}},
	} {
		g := walk(t, name, c.b, false, unpack.Limits{})
		var got []string
		for _, n := range g.order {
			got = append(got, g.texts[n])
		}
		if !slices.Equal(got, c.want) || len(g.gaps) > 0 {
			t.Errorf("%s: %q, want %q; gaps %q", name, got, c.want, g.gaps)
		}
	}
	if g := walk(t, "a.gz", append(gz(plain), "junk behind it"...), false, unpack.Limits{}); len(g.gaps) != 1 {
		t.Errorf("junk behind gzip: gaps %q", g.gaps)
	}
}

// TestUnreadArchives: an archive that cannot be read is told, and its bytes are looked at all the same.
func TestUnreadArchives(t *testing.T) {
	for _, mark := range []string{
		"MSCF\x00\x00\x00\x00", "MSWIM\x00\x00\x00", "xar!\x00\x1C", "hsqs\x00", "LZIP\x01\x00", "\x89LZO\x00\r\n\x1A\n", "\x1F\x9D\x90\x00",
		"\xED\xAB\xEE\xDB\x03\x00",
	} {
		g := walk(t, "a.bin", []byte(mark+plain), false, unpack.Limits{})
		if len(g.gaps) != 1 || !strings.Contains(fmt.Sprint(g.gaps), "cannot be read") || !strings.Contains(fmt.Sprint(g.texts), plain) {
			t.Errorf("%q: texts %q, gaps %q", mark, g.texts, g.gaps)
		}
	}
	for _, text := range []string{"LZIP\x01 in a text", "070701 is a number"} {
		if f := unpack.Find([]byte(text), "a.txt"); f != nil {
			t.Errorf("%q is taken for %s", text, f.Name)
		}
	}
}

// TestCutZip: members are read by what stands before each, whatever they are packed with, where the directory is cut off.
func TestCutZip(t *testing.T) {
	var b []byte
	add := func(name string, method uint16, packed []byte) {
		b = append(b, "PK\x03\x04\x14\x00\x00\x00"...)
		b = append(binary.LittleEndian.AppendUint16(b, method), make([]byte, 8)...)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(packed)))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(plain)))
		b = append(binary.LittleEndian.AppendUint16(b, uint16(len(name))), 0, 0)
		b = append(append(b, name...), packed...)
	}
	alone := compressors[".lzma"](plain)
	add("stored.txt", 0, []byte(plain))
	add("bzip2.txt", 12, bzip2ed)
	add("lzma.txt", 14, slices.Concat([]byte{9, 20, 5, 0}, alone[:5], alone[13:]))
	add("zstd.txt", 93, compressors[".zst"](plain))
	add("xz.txt", 95, compressors[".xz"](plain))
	g := walk(t, "a.zip", b, false, unpack.Limits{})
	for _, name := range []string{"stored.txt", "bzip2.txt", "lzma.txt", "zstd.txt", "xz.txt"} {
		if g.texts[name] != plain {
			t.Errorf("%s: %q", name, g.texts[name])
		}
	}
	if len(g.gaps) != 1 {
		t.Errorf("gaps %q, want that of the directory alone", g.gaps)
	}
}

// TestPDFFilters: the filters of PDF streams, alone and one behind the other.
func TestPDFFilters(t *testing.T) {
	page := "BT /F2 12 Tf (" + strings.Repeat("the text of a page ", 40) + ") Tj ET"
	flate := func(s string) string {
		var z bytes.Buffer
		w := zlib.NewWriter(&z)
		must(io.WriteString(w, s))
		must(0, w.Close())
		return z.String()
	}
	a85 := func(s string) string {
		b := make([]byte, ascii85.MaxEncodedLen(len(s)))
		return string(b[:ascii85.Encode(b, []byte(s))])
	}
	for filter, packed := range map[string]string{
		"/ASCIIHexDecode":                    hex.EncodeToString([]byte(page)) + " >",
		"/ASCII85Decode":                     a85(page) + "~>",
		"/A85":                               "<~" + a85(page) + "~>",
		"/RunLengthDecode":                   runLengths(page) + "\x80",
		"/LZWDecode":                         lzwOf(page, 1),
		"/LZW/DecodeParms<</EarlyChange 0>>": lzwOf(page, 0),
		"[/ASCII85Decode/FlateDecode]":       a85(flate(page)) + "~>",
		"[/FlateDecode/ASCIIHexDecode]":      flate(hex.EncodeToString([]byte(page)) + ">"),
		"/FlateDecode/DecodeParms<</Predictor 15/Columns 16>>":             flate(rowsOf(page, 16, 1)),
		"[/FlateDecode]/DecodeParms[<</Predictor 12/Colors 3/Columns 9>>]": flate(rowsOf(page, 27, 3)),
		"/LZWDecode/DecodeParms<</Predictor 10/Columns 5>>":                lzwOf(rowsOf(page, 5, 1), 1),
	} {
		b := fmt.Appendf(nil, "%%PDF-1.7\n1 0 obj\n<</Type/Page/Contents 2 0 R>>\nendobj\n2 0 obj\n<</Length %d/Filter%s>>\nstream\n%s\nendstream\nendobj\n%%%%EOF", len(packed), filter, packed)
		g := walk(t, "a.pdf", b, false, unpack.Limits{})
		if want := strings.Repeat("the text of a page ", 40) + "\n"; strings.TrimSpace(g.texts["page 1"]) != strings.TrimSpace(want) || len(g.gaps) > 0 {
			t.Errorf("%s: %q; gaps %q", filter, g.texts["page 1"], g.gaps)
		}
	}
	for _, params := range []string{"/Predictor 2", "/Predictor 12/Columns 99999999", "/Predictor 12/Colors -4"} {
		b := fmt.Appendf(nil, "%%PDF-1.7\n2 0 obj\n<</Filter/FlateDecode/DecodeParms<<%s>>>>\nstream\n%s\nendstream\nendobj\n%%%%EOF", params, flate(page))
		if g := walk(t, "a.pdf", b, false, unpack.Limits{}); len(g.gaps) != 1 {
			t.Errorf("%s: gaps %q, want one", params, g.gaps)
		}
	}
}

// runLengths writes runs of two and more bytes as such, and others as they are.
func runLengths(s string) string {
	var b []byte
	for len(s) > 0 {
		n := len(s) - len(strings.TrimLeft(s, s[:1]))
		if n = min(n, 128); n > 1 {
			b = append(b, byte(257-n), s[0])
		} else {
			b = append(b, 0, s[0])
		}
		s = s[n:]
	}
	return string(b)
}

// lzwOf packs a text; early is 1 where codes become longer one code sooner.
func lzwOf(s string, early int) string {
	var out []byte
	bits, have := uint64(0), 0
	codes, next, width := map[string]int{}, 258, 9
	put := func(code int) {
		bits, have = bits<<width|uint64(code), have+width
		for ; have >= 8; have -= 8 {
			out = append(out, byte(bits>>(have-8)))
		}
	}
	code := func(s string) int {
		if len(s) == 1 {
			return int(s[0])
		}
		return codes[s]
	}
	put(256)
	at := ""
	for i := range len(s) {
		to := at + s[i:i+1]
		if _, ok := codes[to]; ok || len(to) == 1 {
			at = to
			continue
		}
		put(code(at))
		codes[to] = next
		if next++; next-1+early >= 1<<width && width < 12 {
			width++
		}
		at = s[i : i+1]
	}
	put(code(at))
	put(257)
	return string(append(out, byte(bits<<(8-have))))
}

// rowsOf writes a text in rows, each as the difference from another one of the five kinds.
func rowsOf(s string, size, back int) string {
	var out []byte
	above := make([]byte, size)
	for kind := 0; len(s) > 0; kind = (kind + 1) % 5 {
		row := make([]byte, size)
		for i := range row {
			row[i] = ' '
		}
		s = s[copy(row, s):]
		out = append(out, byte(kind))
		for i, c := range row {
			var left, corner int
			if i >= back {
				left, corner = int(row[i-back]), int(above[i-back])
			}
			up := int(above[i])
			p := left + up - corner
			paeth, far := left, abs(p-left)
			if abs(p-up) < far {
				paeth, far = up, abs(p-up)
			}
			if abs(p-corner) < far {
				paeth = corner
			}
			out = append(out, c-byte([]int{0, left, up, (left + up) / 2, paeth}[kind]))
		}
		above = row
	}
	return string(out)
}

func abs(n int) int { return max(n, -n) }

// TestPDFObjects: what objects in a stream say, files in the document, what stands before it, and how it is known to be encrypted.
func TestPDFObjects(t *testing.T) {
	inner := zipped("in.txt", plain)
	doc := func(trailer string) []byte {
		return []byte("%PDF-1.7\n1 0 obj\n<</Type/ObjStm/N 1/First 4/Length 30>>\nstream\n5 0 <</Title(what it is of)>>   \nendstream\nendobj\n" +
			fmt.Sprintf("2 0 obj\n<</Type/EmbeddedFile/Length %d>>\nstream\n", len(inner)) + string(inner) +
			"\nendstream\nendobj\ntrailer<<" + trailer + ">>\n%%EOF")
	}
	g := walk(t, "a.pdf", append([]byte("\r\n junk "), doc("")...), false, unpack.Limits{})
	if !strings.Contains(g.texts["object 1"], "what it is of") || g.texts["object 2!in.txt"] != plain || len(g.gaps) > 0 {
		t.Errorf("texts %q, gaps %q", g.texts, g.gaps)
	}
	for trailer, gaps := range map[string]int{"/Encrypt 5 0 R": 1, "/Encrypt\n5 0 R": 1, "/Encrypt<</V 4>>": 1, "/EncryptMetadata true": 0, "/Encrypted/5": 0} {
		if g := walk(t, "a.pdf", doc(trailer), false, unpack.Limits{}); len(g.gaps) != gaps {
			t.Errorf("%s: gaps %q, want %d", trailer, g.gaps, gaps)
		}
	}
}
