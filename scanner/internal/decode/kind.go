package decode

// Kind is a way in which a text may be written that hides a key.
type Kind struct {
	// Name is what a finding's place calls it.
	Name string
	// Undoes says, for a person, what is undone.
	Undoes string
	// Rendered says that [Views] undoes it too, so that a text which comes with those views needs it only within others.
	Rendered bool
	// make fills the sheet with what it makes of a text.
	make func(s *Sheet, text []byte)
}

// Kinds are all kinds, in the order in which they are tried.
var Kinds = [...]Kind{
	{Name: "escapes", Undoes: `\u0041, \x41, \101, \n, \/ and \" as in JSON, JavaScript, C and Python`, make: edits(escapes)},
	{Name: "percent", Undoes: "%41 and %u0041 as in URLs", make: edits(percents)},
	{Name: "entities", Undoes: "&#65;, &#x41; and &amp; as in HTML and XML", Rendered: true, make: edits(entities)},
	{Name: "quoted-printable", Undoes: "=41 and lines that end with = as in mail", make: edits(quotedPrintable)},
	{Name: Visible, Undoes: "zero-width, bidirectional and other characters that nobody sees; full-width and other forms of ASCII (NFKC)", Rendered: true, make: edits(unseen)},
	{Name: "lines", Undoes: "a key broken over lines, with the indentation or the mark of a quotation, comment or diff", make: edits(lines)},
	{Name: "strings", Undoes: `"abc" + "def", with the operators + . .. & ~ || <> or none, over lines too`, make: edits(literals)},
	{Name: "base64", Undoes: "base64 in the standard and the URL alphabet, with and without padding, wrapped or not", make: sextetRuns},
	{Name: "hex", Undoes: "hexadecimal digits", make: hexes},
	{Name: "utf-16", Undoes: "UTF-16 of either byte order, with and without a mark", make: wide16},
	{Name: "utf-32", Undoes: "UTF-32 of either byte order, with and without a mark", make: wide32},
}

// Decode fills the sheet with what the kind makes of a text. The parts are in order of From; they are valid until the sheet is
// used again.
func (k Kind) Decode(s *Sheet, text []byte) {
	s.reset()
	k.make(s, text)
}

// edits makes a kind of what finds edits.
func edits(find func(dst []edit, text []byte) []edit) func(*Sheet, []byte) {
	return func(s *Sheet, text []byte) {
		if s.edits = find(s.edits[:0], text); len(s.edits) > 0 {
			s.render(text)
		}
	}
}
