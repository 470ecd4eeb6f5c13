package records

import (
	"strings"
	"testing"
)

// TestXMLTexts writes a text in the ways that XML has, and looks where it is found.
func TestXMLTexts(t *testing.T) {
	key := sampleKey()
	a, b := key[:12], key[12:]
	for _, c := range []struct{ name, text, whole, record, field string }{
		{"an element", `<l><t><id>1</id><x>` + key + `</x></t></l>`, key, "1", "x"},
		{"an attribute", `<l><t id="1" x="` + key + `"/></l>`, key, "1", "x"},
		{"a text beside attributes", `<l><t id="1"><x a="b">` + key + `</x></t></l>`, key, "1", "x"},
		{"a text beside elements", `<l><t><id>1</id>` + key + `</t></l>`, key, "1", ""},
		{"a reference", `<l><t><id>1</id><x>` + a + `&#45;` + b + `</x></t></l>`, a + "-" + b, "1", "x"},
		{"an attribute's reference", `<l><t id="1" x="` + a + `&#x2d;` + b + `"/></l>`, a + "-" + b, "1", "x"},
		{"CDATA", `<l><t><id>1</id><x><![CDATA[` + a + `]]><![CDATA[` + b + `]]></x></t></l>`, key, "1", "x"},
		{"markup in a text", `<l><t><id>1</id><x>so ` + a + `<b>` + b + `</b></x></t></l>`, key, "1", "x"},
		{"a comment in a text", `<l><t><id>1</id><x>so ` + a + `<!-- c -->` + b + `</x></t></l>`, key, "1", "x"},
		{"a comment", `<l><t><id>1</id><!-- ` + key + ` --></t></l>`, key, "1", "#comment"},
		{"a declaration", `<?xml version="1.0" x="` + key + `"?><l/>`, key, "top", "#comment"},
		{"a name", `<l><t><id>1</id><` + key + `/></t></l>`, key, "1", ""},
		{"a record deeper in", `<l><m><t id="1" author="ann"><title>` + key + `</title></t></m></l>`, key, "1", "title"},
		{"the root", `<l>` + key + `</l>`, key, "top", "l"},
	} {
		all := readAs(t, &xmlRecords, strings.NewReader(c.text))
		if gaps := gapsOf(all); len(gaps) > 0 {
			t.Errorf("%s: %v", c.name, gaps[0])
		}
		if got := find(t, all, c.whole); got.Record != c.record || got.Field != c.field {
			t.Errorf("%s: found in %q %q, want %q %q", c.name, got.Record, got.Field, c.record, c.field)
		}
	}
}

// TestOwnFieldMapXML names the elements and attributes of an XML file that nobody knows.
func TestOwnFieldMapXML(t *testing.T) {
	key := sampleKey()
	text := `<liste><eintrag nr="V-9"><wer><kurz>ann</kurz></wer><inhalt>` + key + `</inhalt></eintrag></liste>`
	got := find(t, readFields(t, &xmlRecords, strings.NewReader(text), map[string]string{"record": "nr", "author": "wer.kurz"}), key)
	if got.Record != "V-9" || got.Author != "ann" || got.Field != "inhalt" {
		t.Errorf("found in %q %q by %q", got.Record, got.Field, got.Author)
	}
}

func TestXMLRefusesBombs(t *testing.T) {
	bomb := `<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><l><t><x>` + strings.Repeat("&b;", 1000) + `</x></t></l>`
	total := 0
	for _, c := range readAs(t, &xmlRecords, strings.NewReader(bomb)) {
		total += len(c.text)
	}
	if total > 5*len(bomb) {
		t.Errorf("%d bytes became %d", len(bomb), total)
	}
}
