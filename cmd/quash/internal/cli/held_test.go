package cli_test

import (
	"html"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shapeless is a key whose issuer gives it no shape: letters alone.
func shapeless(seed uint64) string {
	rnd := rand.New(rand.NewPCG(seed, 3))
	b := make([]byte, 40)
	for i := range b {
		b[i] = "bcdfghjklmnpqrstvwxzBCDFGHJKLMNPQRSTVWXZ"[rnd.IntN(40)]
	}
	return string(b)
}

// TestNoKeyInNamesOfPlaces: what names a place is written out before a later text tells that it is a key. It is in no output all the same, in
// whatever form it stands there.
func TestNoKeyInNamesOfPlaces(t *testing.T) {
	w := newWorld(t, "github-pat")
	first, key := w.samples["github-pat"].Token, shapeless(1)
	escaped := strings.Replace(url.PathEscape(key), key[5:6], "%"+strings.ToUpper(hexOf(key[5])), 1)
	entity := strings.Replace(key, key[7:8], "&#x"+hexOf(key[7])+";", 1)
	w.write("in/a/"+key+".txt", "token: "+first+"\n")
	w.write("in/b/"+key[:9]+"\u200b"+key[9:]+".txt", "token: "+first+"\n")
	w.write("in/issues.json", `[{"id": 7, "key": "`+key+`", "title": "x", "body": "`+first+`", "created_at": "2026-03-04T09:12:00Z", "author": "`+entity+
		`", "url": "https://acme.example/`+escaped+`"}]`)
	w.write("in/z.env", "AGILED_API_TOKEN="+key+"\n")
	forms := []string{key, escaped, entity, html.EscapeString(key), key[:9] + "\u200b" + key[9:]}
	r := w.run("scan", "in", "-f", "jsonl", "-o", "r.csv", "-o", "r.md", "-o", "r.html", "-o", "r.sarif", "-o", "r.txt.json", "-o", "r.xml")
	w.wants(r, 1, `"rule":"github-pat"`, "agiled")
	if n := strings.Count(r.out, `"rule":"github-pat"`); n != 3 {
		t.Errorf("%d places of the first key, want 3\n%s", n, strings.ReplaceAll(r.out, key, "KEY"))
	}
	outputs := map[string]string{"jsonl": r.out, "errors": r.err, "show": w.run("scan", "in").out}
	for _, name := range []string{"r.csv", "r.md", "r.html", "r.sarif", "r.txt.json", "r.xml"} {
		outputs[name] = w.read(name)
	}
	files, err := filepath.Glob(w.path("state/*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		outputs[f] = string(data)
	}
	for name, text := range outputs {
		for i, form := range forms {
			if strings.Contains(text, form) {
				t.Errorf("%s holds form %d of the key", name, i)
			}
		}
	}
}

func hexOf(c byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[c>>4], digits[c&15]})
}
