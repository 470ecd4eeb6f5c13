package source

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quash-sh/quash/scanner"
)

// mailmapText has every form of line that gitmailmap(5) knows.
const mailmapText = `# people
Ann Lee <ann@old.example> # by name
<ben@acme.example> <BEN@old.example>
Cho Park <cho@acme.example> <cho@old.example>
Dee Fox <dee@acme.example> Shared Account <shared@old.example>
Eve Ray <eve@acme.example> <shared@old.example>
<dan@acme.example> <dan@old.example>
Dan Oz <dan@old.example>
nonsense
<unclosed
`

// TestMailmap: people are called as git check-mailmap calls them.
func TestMailmap(t *testing.T) {
	f := newFixture(t)
	f.write(".mailmap", mailmapText)
	m := parseMailmap(mailmapText)
	for _, s := range []signature{
		{name: "ann", email: "Ann@Old.example"}, {name: "ben", email: "ben@old.example"}, {name: "c", email: "cho@old.example"},
		{name: "shared account", email: "shared@old.example"}, {name: "other", email: "shared@old.example"}, {name: "d", email: "dan@old.example"},
		{name: "Nobody", email: "nobody@acme.example"},
	} {
		known := m.known(s)
		got := fmt.Sprintf("%s <%s>", known.name, known.email)
		if want := f.git("check-mailmap", fmt.Sprintf("%s <%s>", s.name, s.email)); want != got {
			t.Errorf("%s: got %s, want %s", s.name, got, want)
		}
	}
}

// TestMailmapOfHead: places and messages have the name that HEAD's mailmap gives, in a bare repository too.
func TestMailmapOfHead(t *testing.T) {
	f := newFixture(t)
	const text = "token = mapped\n"
	id := f.commit("token = in a message", "a", text, ".mailmap", "Ann Fox <fox@acme.example> <ann@acme.example>\n")
	places := placed(t, f, text, Options{NoWorktree: true})
	same(t, "author", "Ann Fox fox@acme.example", places[0].Author+" "+places[0].AuthorEmail)
	src := opened(f.dir, Options{NoWorktree: true})(t)
	var at scanner.Location
	for c, err := range src.Chunks(t.Context()) {
		if err == nil && c.From.Commit == id {
			at = c.From
		}
	}
	same(t, "author of the message", "Ann Fox", at.Author)
}

func FuzzMailmap(f *testing.F) {
	f.Add(mailmapText)
	f.Fuzz(func(t *testing.T, text string) {
		for k := range parseMailmap(text) {
			if k.email != strings.ToLower(k.email) {
				t.Errorf("%q is not in lower case", k.email)
			}
		}
	})
}
