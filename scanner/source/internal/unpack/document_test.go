package unpack_test

import (
	"bytes"
	"compress/zlib"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/quash-sh/quash/scanner/source/internal/unpack"
)

// samples are a container of each kind with a text in it.
func samples(body string) map[string][]byte {
	all := map[string][]byte{
		"a.zip": zipped("one.txt", body, "two.txt", body), "a.tar": tarred("one.txt", body, "two.txt", body),
		"a.7z": sevenZipped(true, "one.txt", body), "a.rar": rarred("one.txt", body), "a.bz2": bzip2ed,
		"a.xlsx": workbook(), "a.pdf": pdfFile(true, body[:min(len(body), 60)]), "a.pyc": pycFile(3495, body), "a.ipynb": notebook(body),
		"a.sqlite": database(body), "a.deb": archived("one.txt", body), "a.cpio": cpioed(false, "one.txt", body), "a.rpm": rpmed("script", cpioed(true, "one.txt", body)),
		"a.iso": isoed(true, isoFile{"ONE.TXT;1", "", body, 2}, isoFile{"TWO.TXT;1", "two", "more", 1}),
	}
	for ext, press := range compressors {
		all["a"+ext] = press(body)
	}
	return all
}

func workbook() []byte {
	return zipped("[Content_Types].xml", "<Types/>",
		"xl/sharedStrings.xml", `<sst><si><t>name</t></si><si><r><t>first</t></r><r><t>half</t></r></si></sst>`,
		"xl/worksheets/sheet1.xml", `<worksheet><sheetData><row r="1"><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>`+
			`<row r="2"><c><v>42</v></c><c t="inlineStr"><is><t>in line</t></is></c></row></sheetData></worksheet>`)
}

func TestOffice(t *testing.T) {
	g := walk(t, "a.xlsx", workbook(), false, unpack.Limits{})
	if got, want := g.texts["xl/worksheets/sheet1.xml joined"], "name\tfirsthalf\t\n42\tin line\t\n"; got != want {
		t.Errorf("sheet %q, want %q", got, want)
	}
	doc := zipped("[Content_Types].xml", "<Types/>", "word/document.xml",
		`<w:document><w:body>`+"\n"+`<w:p><w:r><w:t>left</w:t></w:r><w:r><w:t>right &amp; more</w:t><w:tab/><w:t>tab</w:t></w:r></w:p>`+
			`<w:p><w:r><w:t>next</w:t></w:r></w:p></w:body></w:document>`)
	g = walk(t, "a.docx", doc, false, unpack.Limits{})
	if got, want := g.texts["word/document.xml joined"], "leftright & more\ttab\nnext\n"; got != want {
		t.Errorf("document %q, want %q", got, want)
	}
	odt := zipped("mimetype", "application/vnd.oasis.opendocument.text", "content.xml",
		`<office:document><text:p>a<text:span>b</text:span>c<text:line-break/>d</text:p></office:document>`)
	g = walk(t, "a.odt", odt, false, unpack.Limits{})
	if got, want := g.texts["content.xml joined"], "abc\nd\n"; got != want {
		t.Errorf("content %q, want %q", got, want)
	}
}

// pdfFile writes a PDF file of one page, whose text is in the two bytes of a font with a table of characters.
func pdfFile(packed bool, text string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	object := func(id int, s string) { fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", id, s) }
	stream := func(id int, dict, s string) {
		if packed {
			var z bytes.Buffer
			w := zlib.NewWriter(&z)
			must(io.WriteString(w, s))
			must(0, w.Close())
			s, dict = z.String(), dict+"/Filter/FlateDecode"
		}
		object(id, fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", dict, len(s), s))
	}
	object(1, "<</Type/Catalog/Pages 2 0 R>>")
	object(2, "<</Type/Pages/Kids[3 0 R]/Count 1/Resources<</Font<</F1 5 0 R/F2 7 0 R>>>>>>")
	object(3, "<</Type/Page/Parent 2 0 R/Contents 4 0 R>>")
	var codes string
	for _, c := range text {
		codes += fmt.Sprintf("%04X", c+100)
	}
	half := len(codes) / 8 * 4
	stream(4, "", "BT /F1 12 Tf 1 0 0 1 50 700 Tm [<"+codes[:half]+"> -20 <"+codes[half:]+">] TJ 0 -14 Td /F2 12 Tf (plain \\(text\\)) Tj ET")
	object(5, "<</Type/Font/Subtype/Type0/ToUnicode 6 0 R>>")
	stream(6, "", "1 beginbfrange <0064> <0164> <0000> endbfrange")
	object(7, "<</Type/Font/Subtype/Type1>>")
	b.WriteString("trailer<</Root 1 0 R>>\n%%EOF\n")
	return b.Bytes()
}

func TestPDF(t *testing.T) {
	for _, packed := range []bool{true, false} {
		g := walk(t, "a.pdf", pdfFile(packed, "what the page says"), false, unpack.Limits{})
		if got, want := g.texts["page 1"], "what the page says\nplain (text)\n"; got != want || len(g.gaps) > 0 {
			t.Errorf("packed %v: page %q, want %q; gaps %q", packed, got, want, g.gaps)
		}
	}
}

func notebook(body string) []byte {
	lines := strings.SplitAfter(body, "\n")
	return must(json.Marshal(map[string]any{"cells": []any{
		map[string]any{"cell_type": "markdown", "source": "title"},
		map[string]any{"cell_type": "code", "metadata": map[string]any{"a": 1}, "outputs": []any{
			map[string]any{"output_type": "stream", "text": []string{"out\n", "more"}},
			map[string]any{"output_type": "display_data", "data": map[string]any{"text/plain": []string{"shown"}}},
		}, "source": lines},
	}, "nbformat": 4}))
}

func TestNotebook(t *testing.T) {
	g := walk(t, "a.ipynb", notebook(plain), false, unpack.Limits{})
	for name, want := range map[string]string{
		"cell 1": "title", "cell 2": plain, "cell 2 output 1": "out\nmore", "cell 2 output 2 text/plain": "shown",
	} {
		if got := g.texts[name]; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if len(g.texts) != 5 || len(g.gaps) > 0 {
		t.Errorf("texts %q, gaps %q", g.order, g.gaps)
	}
}

// pycFile writes a compiled module with a text among its constants, as a version of Python lays it out.
func pycFile(version uint16, text string) []byte {
	b := append(binary.LittleEndian.AppendUint16(nil, version), '\r', '\n')
	head, ints, objects := 16, 5, "ooooooooioo"
	switch {
	case version > 20000:
		head, ints, objects = 8, 4, "ooooooooio"
	case version < 3400:
		objects = "ooooooooio"
	case version < 3450:
		ints, objects = 6, "ooooooooio"
	}
	b = append(b, make([]byte, head-len(b))...)
	b = append(append(b, 0xE3), make([]byte, 4*ints)...)
	for i, c := range objects {
		switch {
		case c == 'i':
			b = append(b, 1, 0, 0, 0)
		case i == 1:
			b = append(b, ')', 2, 'N', 'u')
			b = append(binary.LittleEndian.AppendUint32(b, uint32(len(text))), text...)
		default:
			b = append(b, 0xDA, 4, 'n', 'a', 'm', 'e')
		}
	}
	return b
}

func TestPyc(t *testing.T) {
	for _, version := range []uint16{62211, 3394, 3413, 3495} {
		g := walk(t, "m.pyc", pycFile(version, "a constant"), false, unpack.Limits{})
		if got := g.texts["constants"]; !strings.Contains(got, "\na constant\n") || len(g.gaps) > 0 {
			t.Errorf("version %d: %q, gaps %q", version, got, g.gaps)
		}
	}
}

// database is a SQLite file with a row whose text is body, one of 100,000 bytes before it, and one that was deleted.
func database(body string) []byte {
	return must(sqliteFile([]string{
		"CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, \"api token\" TEXT NOT NULL DEFAULT (''))",
		"CREATE TABLE keys (k TEXT PRIMARY KEY, v BLOB) WITHOUT ROWID",
		"INSERT INTO users (name, \"api token\") VALUES ('first', '" + strings.Repeat("long ", 20000) + "end')",
		"INSERT INTO users (id, name, \"api token\") VALUES (70, 'second', '" + body + "')",
		"INSERT INTO keys VALUES ('the key', 'the value')",
	}))
}

var sqliteOnce sync.Map

func sqliteFile(statements []string) ([]byte, error) {
	name := strings.Join(statements, ";")
	if b, ok := sqliteOnce.Load(name); ok {
		return b.([]byte), nil
	}
	dir, err := os.MkdirTemp("", "unpack")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	db, err := sql.Open("sqlite", filepath.Join(dir, "a.db"))
	if err != nil {
		return nil, err
	}
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			return nil, err
		}
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(dir, "a.db"))
	sqliteOnce.Store(name, b)
	return b, err
}

func TestSQLite(t *testing.T) {
	g := walk(t, "a.db", database(plain), false, unpack.Limits{})
	for name, want := range map[string]string{
		"users/1": "name: first\napi token: " + strings.Repeat("long ", 20000) + "end\n", "users/70": "name: second\napi token: " + plain + "\n",
		"keys/1": "k: the key\nv: the value\n",
	} {
		if got := g.texts[name]; got != want {
			t.Errorf("%s: %.100q, want %.100q", name, got, want)
		}
	}
	if len(g.gaps) > 0 {
		t.Errorf("gaps %q", g.gaps)
	}
}

// TestSQLiteMany reads a table whose tree has inner pages, and what was deleted from another.
func TestSQLiteMany(t *testing.T) {
	b := must(sqliteFile([]string{
		"PRAGMA encoding = 'UTF-16le'", "CREATE TABLE t (a, b)", "CREATE TABLE gone (a)", "INSERT INTO gone VALUES ('dropped row')",
		"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 5000) INSERT INTO t SELECT i, 'row number ' || i FROM n",
		"DROP TABLE gone",
	}))
	g := walk(t, "a.db", b, false, unpack.Limits{})
	for i := 1; i <= 5000; i++ {
		if got, want := g.texts[fmt.Sprintf("t/%d", i)], fmt.Sprintf("a: %d\nb: row number %d\n", i, i); got != want {
			t.Fatalf("row %d: %q, want %q", i, got, want)
		}
	}
	if len(g.gaps) > 0 {
		t.Errorf("gaps %q", g.gaps)
	}
}

// TestPDFUnread: a stream that cannot be unpacked is told; one of a picture holds no text.
func TestPDFUnread(t *testing.T) {
	for filter, gaps := range map[string]int{"/LZWDecode": 1, "/Nonesuch": 1, "/FlateDecode": 1, "/DCTDecode": 0} {
		b := bytes.Replace(pdfFile(false, "text"), []byte("<</Length"), []byte("<</Filter"+filter+"/Length"), 1)
		if g := walk(t, "a.pdf", b, false, unpack.Limits{}); len(g.gaps) != gaps {
			t.Errorf("%s: gaps %v, want %d", filter, g.gaps, gaps)
		}
	}
}
