package records

import (
	"bytes"
	"maps"
	"strings"
	"testing"
)

// TestXMLNames: an export in XML says what people are called in elements that stand for them, and in pairs of an id and a name.
func TestXMLNames(t *testing.T) {
	deep := strings.Repeat("<a>", 40) + "<user><id>9</id><name>Eve</name></user>" + strings.Repeat("</a>", 40)
	for name, tc := range map[string]struct {
		text string
		want map[string]string
	}{
		"people":           {`<x><users><user><id type="integer">3</id><name>Ben Cho</name></user><agent><id>4</id><email>ann@acme.example</email></agent></users></x>`, map[string]string{"3": "Ben Cho", "4": "ann@acme.example"}},
		"pairs":            {`<ticket><requester-id>3</requester-id><req-name>Ben Cho</req-name><comment><author-id>4</author-id><author-name>Ann</author-name></comment></ticket>`, map[string]string{"3": "Ben Cho", "4": "Ann"}},
		"another's name":   {`<ticket><requester-id>3</requester-id><group-id>7</group-id><group-name>Ops</group-name><name>x</name></ticket>`, map[string]string{}},
		"an id, no name":   {`<ticket><requester><id>3</id></requester></ticket>`, map[string]string{}},
		"deeper than most": {deep, map[string]string{}},
		"cut":              {`<x><user><id>3</id><name>Ben</name></user><user><id>4</id><na`, map[string]string{"3": "Ben"}},
	} {
		t.Run(name, func(t *testing.T) {
			k := &Contents{}
			learnXMLNames(k, strings.NewReader(tc.text))
			if got := k.people; !maps.Equal(got, tc.want) {
				t.Errorf("%v, want %v", got, tc.want)
			}
		})
	}
}

// FuzzXMLNames: whatever it is given, it comes to an end and keeps no name that is not there.
func FuzzXMLNames(f *testing.F) {
	f.Add([]byte(`<x><user><id type="integer">3</id><name>Ben Cho</name></user><author-id>4</author-id><author-name>Ann</author-name></x>`))
	f.Add([]byte(`<a><b/></a></c><user>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		k := &Contents{}
		learnXMLNames(k, bytes.NewReader(text))
		for id, name := range k.people {
			if id == "" || name == "" {
				t.Errorf("%q is called %q", id, name)
			}
		}
	})
}
