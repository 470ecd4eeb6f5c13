package unpack_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/scanner/source/internal/unpack"
)

// archived writes an ar archive of names and bodies. A name of more than 15 letters stands in the table of long names.
func archived(files ...string) []byte {
	var b, long bytes.Buffer
	b.WriteString("!<arch>\n")
	member := func(name, body string) {
		fmt.Fprintf(&b, "%-16s%-12d%-6d%-6d%-8o%-10d`\n%s", name, 0, 0, 0, 0o644, len(body), body)
		if len(body)%2 > 0 {
			b.WriteByte('\n')
		}
	}
	member("/", "symbols\n")
	names := make([]string, len(files)/2)
	for i := range names {
		if names[i] = files[2*i] + "/"; len(names[i]) > 16 {
			fmt.Fprintf(&long, "%s\n", names[i])
			names[i] = fmt.Sprint("/", long.Len()-len(names[i])-1)
		}
	}
	if long.Len() > 0 {
		member("//", long.String())
	}
	for i, name := range names {
		member(name, files[2*i+1])
	}
	return b.Bytes()
}

// cpioed writes a cpio archive of names and bodies, with a directory before them.
func cpioed(old bool, files ...string) []byte {
	var b bytes.Buffer
	fill := func() {
		for !old && b.Len()%4 > 0 {
			b.WriteByte(0)
		}
	}
	for i := -2; i <= len(files); i += 2 {
		mode, name, body := 0o100644, "TRAILER!!!", ""
		switch {
		case i < 0:
			mode, name = 0o40755, "dir"
		case i < len(files):
			name, body = files[i], files[i+1]
		}
		if old {
			fmt.Fprintf(&b, "070707%06o%06o%06o%06o%06o%06o%06o%011o%06o%011o", 0, 0, mode, 0, 0, 1, 0, 0, len(name)+1, len(body))
		} else {
			fmt.Fprintf(&b, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 0, mode, 0, 0, 1, 0, len(body), 0, 0, 0, 0, len(name)+1, 0)
		}
		b.WriteString(name + "\x00")
		fill()
		b.WriteString(body)
		fill()
	}
	return b.Bytes()
}

// rpmed writes an RPM package with a script in its header.
func rpmed(script string, payload []byte) []byte {
	header := func(entries int, store string) []byte {
		h := append([]byte("\x8E\xAD\xE8\x01\x00\x00\x00\x00"), make([]byte, 8)...)
		binary.BigEndian.PutUint32(h[8:], uint32(entries))
		binary.BigEndian.PutUint32(h[12:], uint32(len(store)))
		return append(append(h, make([]byte, 16*entries)...), store...)
	}
	b := append([]byte("\xED\xAB\xEE\xDB\x03\x00"), make([]byte, 90)...)
	b = append(b, header(1, "sum")...)
	for len(b)%8 > 0 {
		b = append(b, 0)
	}
	return slices.Concat(b, header(2, "name\x00"+script+"\x00"), payload)
}

// isoFile is a file of an image, of so many parts.
type isoFile struct {
	name, rock, body string
	parts            int
}

// isoed writes an ISO 9660 image with a file in its root and one in a directory, and their names in UTF-16 where joliet is told.
func isoed(joliet bool, top, below isoFile) []byte {
	const sector = 2048
	img := make([]byte, 24*sector)
	record := func(at, size int, flags byte, name, rock string) []byte {
		r := make([]byte, 33, 255)
		binary.LittleEndian.PutUint32(r[2:], uint32(at))
		binary.LittleEndian.PutUint32(r[10:], uint32(size))
		r[25], r[32] = flags, byte(len(name))
		if r = append(r, name...); len(r)%2 > 0 {
			r = append(r, 0)
		}
		if rock != "" {
			r = append(r, "NM\x00\x01\x00"...)
			r[len(r)-3] = byte(5 + len(rock))
			if r = append(r, rock...); len(r)%2 > 0 {
				r = append(r, 0)
			}
		}
		r[0] = byte(len(r))
		return r
	}
	copy(img[23*sector:], below.body)
	img = append(append(img, top.body...), make([]byte, sector-len(top.body)%sector)...)
	file := func(f isoFile, name string, at int) (all []byte) {
		step := (len(f.body)/f.parts + sector - 1) / sector * sector
		for from := 0; from < len(f.body); from += step {
			flags := byte(0)
			if from+step < len(f.body) {
				flags = 0x80
			}
			all = append(all, record(at+from/sector, min(step, len(f.body)-from), flags, name, f.rock)...)
		}
		return all
	}
	tree := func(descriptor, root, sub int, kind byte, say func(string) string) {
		d := img[descriptor*sector:]
		d[0] = kind
		copy(d[1:], "CD001\x01")
		binary.LittleEndian.PutUint16(d[128:], sector)
		copy(d[156:], record(root, sector, 2, "\x00", ""))
		self := slices.Concat(record(root, sector, 2, "\x00", ""), record(root, sector, 2, "\x01", ""))
		first, second := file(top, say(top.name), 24), file(below, say(below.name), 23)
		copy(img[root*sector:], slices.Concat(self, record(sub, sector, 2, say("DIR"), ""), first))
		copy(img[sub*sector:], slices.Concat(record(sub, sector, 2, "\x00", ""), record(root, sector, 2, "\x01", ""), second))
	}
	tree(16, 19, 20, 1, func(s string) string { return s })
	if joliet {
		tree(17, 21, 22, 2, func(s string) string {
			var b []byte
			for _, u := range utf16.Encode([]rune(strings.ToLower(s))) {
				b = binary.BigEndian.AppendUint16(b, u)
			}
			return string(b)
		})
		copy(img[17*sector+88:], "%/E")
	}
	img[18*sector] = 255
	copy(img[18*sector+1:], "CD001\x01")
	return img
}

// read checks the texts of a container without gaps.
func read(t *testing.T, name string, b []byte, want map[string]string) {
	t.Helper()
	for _, stream := range []bool{false, true} {
		g := walk(t, name, b, stream, unpack.Limits{})
		if d := cmp.Diff(want, g.texts); d != "" || len(g.gaps) > 0 {
			t.Errorf("%s: gaps %q, texts (-want +got):\n%s", name, g.gaps, d)
		}
	}
}

func TestAr(t *testing.T) {
	read(t, "a.a", archived("one.txt", plain, "a name that is long.txt", "odd", "two.txt", plain),
		map[string]string{"one.txt": plain, "a name that is long.txt": "odd", "two.txt": plain})
	bsd := []byte("!<arch>\n" + fmt.Sprintf("%-16s%-12d%-6d%-6d%-8o%-10d`\n", "#1/20", 0, 0, 0, 0o644, 20+len(plain)) + "a name with blanks\x00\x00" + plain)
	read(t, "a.a", bsd, map[string]string{"a name with blanks": plain})
	deb := archived("debian-binary", "2.0\n", "control.tar.gz", string(compressors[".gz"](string(tarred("./postinst", plain)))), "data.tar", string(tarred("./etc/app.env", plain)))
	read(t, "a.deb", deb, map[string]string{"debian-binary": "2.0\n", "control.tar.gz!./postinst": plain, "data.tar!./etc/app.env": plain})
}

func TestCpio(t *testing.T) {
	for _, old := range []bool{false, true} {
		b := cpioed(old, "one.txt", plain, "dir/two", "odd", "empty", "")
		read(t, "a.bin", b, map[string]string{"one.txt": plain, "dir/two": "odd", "empty": ""})
		initrd := slices.Concat(b, make([]byte, 512), compressors[".gz"](string(cpioed(false, "init", plain))))
		read(t, "initrd.img", initrd, map[string]string{"one.txt": plain, "dir/two": "odd", "empty": "", "(behind its end)!(behind its end)!init": plain})
	}
}

func TestRPM(t *testing.T) {
	for _, payload := range [][]byte{cpioed(false, "./etc/app.env", plain), compressors[".gz"](string(cpioed(false, "./etc/app.env", plain)))} {
		g := walk(t, "a.rpm", rpmed("echo "+plain, payload), true, unpack.Limits{})
		if g.texts["./etc/app.env"] != plain || !strings.Contains(g.texts["(header)"], "echo "+plain) || len(g.gaps) > 0 {
			t.Errorf("texts %q, gaps %q", g.texts, g.gaps)
		}
	}
	if g := walk(t, "a.rpm", rpmed("", []byte("unknown "+plain)), true, unpack.Limits{}); len(g.gaps) != 1 {
		t.Errorf("a payload that is not known: gaps %q", g.gaps)
	}
}

func TestISO(t *testing.T) {
	long := strings.Repeat(plain, 200)
	top, below := isoFile{"TOP.TXT;1", "", long, 3}, isoFile{"BELOW.;1", "a long name.env", plain, 1}
	read(t, "a.iso", isoed(false, top, below), map[string]string{"TOP.TXT": long, "DIR/a long name.env": plain})
	got := walk(t, "a.iso", isoed(true, top, below), false, unpack.Limits{})
	if d := cmp.Diff([]string{"dir/below", "top.txt"}, slices.Sorted(maps.Keys(got.texts))); d != "" || len(got.gaps) > 0 {
		t.Errorf("gaps %q, names (-want +got):\n%s", got.gaps, d)
	}
	inner := isoFile{"A.ZIP;1", "", string(stored("in.txt", plain)), 1}
	read(t, "a.iso", isoed(false, top, inner), map[string]string{"TOP.TXT": long, "DIR/A.ZIP!in.txt": plain})
	for name, b := range map[string][]byte{"no.iso": make([]byte, 40<<10), "a.dmg": []byte("\x00\x00\x00\x00")} {
		if g := walk(t, name, b, false, unpack.Limits{}); len(g.gaps) != 1 {
			t.Errorf("%s: gaps %q", name, g.gaps)
		}
	}
	udf := isoed(false, isoFile{"README.TXT;1", "", "read it by UDF", 1}, isoFile{"NO.TXT;1", "", "", 1})
	copy(udf[17*2048:], "\x00BEA01")
	copy(udf[18*2048:], "\x00NSR02")
	if g := walk(t, "a.iso", udf, false, unpack.Limits{}); len(g.gaps) != 1 || !strings.Contains(g.gaps[0], "UDF") {
		t.Errorf("an image for UDF: gaps %q", g.gaps)
	}
	loop := isoed(false, top, below)
	copy(loop[20*2048+2*34+2:], "\x13\x00\x00\x00") // the directory's file is the root
	loop[20*2048+2*34+25] = 2
	if g := walk(t, "a.iso", loop, false, unpack.Limits{}); len(g.texts) != 1 {
		t.Errorf("texts %q", slices.Sorted(maps.Keys(g.texts)))
	}
}

// commented writes a zip archive with a comment, of names, bodies and comments.
func commented(comment string, files ...string) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	must(0, z.SetComment(comment))
	for i := 0; i < len(files); i += 3 {
		w := must(z.CreateHeader(&zip.FileHeader{Name: files[i], Comment: files[i+2], Method: zip.Store}))
		must(io.WriteString(w, files[i+1]))
	}
	must(0, z.Close())
	return b.Bytes()
}

func TestZipComments(t *testing.T) {
	b := commented("about it all", "one.txt", plain, "about one", "dir/", "", "about a directory", "two.txt", plain, "")
	read(t, "a.zip", b, map[string]string{
		"(comment)": "about it all", "one.txt!(comment)": "about one", "one.txt": plain, "dir/!(comment)": "about a directory", "two.txt": plain,
	})
}
