package scanner

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOneKeyOnceAMember: a key that stands in a part of a document is not told of again in the text put together from that part; one that
// the part splits is.
func TestOneKeyOnceAMember(t *testing.T) {
	s := testScanner(t, Options{Only: []string{"acme-token"}})
	rule, _ := s.Rules().Rule("acme-token")
	rnd := testRand(1)
	one, two := rule.Sample(rnd).Token, rule.Sample(rnd).Token
	at := func(path, view, text string) Chunk {
		return Chunk{Data: []byte(text), From: Location{Path: path, View: view}}
	}
	src := records{
		at("a.docx!word/document.xml", "", one+" and "+one+" "+two[:9]+"</r><r>"+two[9:]),
		at("a.docx!word/document.xml", ViewJoined, one+" and "+one+" "+two+" "+two),
		at("a.docx!word/header.xml", ViewJoined, one),
		at("b.txt", ViewJoined, one), at("b.txt", ViewJoined, one),
	}
	var got []string
	_, err := s.Scan(t.Context(), src, SinkFunc(func(_ context.Context, f Finding) error {
		key := "one"
		if f.Token().Equal(NewSecret(two)) {
			key = "two"
		}
		got = append(got, f.At.Path+" "+f.At.View+" "+key)
		return nil
	}))
	want := []string{
		"a.docx!word/document.xml  one", "a.docx!word/document.xml  one",
		"a.docx!word/document.xml joined two", "a.docx!word/document.xml joined two",
		"a.docx!word/header.xml joined one", "b.txt joined one", "b.txt joined one",
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}
