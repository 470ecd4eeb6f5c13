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
	make func(s *Sheet, m *Marks)
}

// Kinds are all kinds, in the order in which they are tried.
var Kinds = [...]Kind{
	{Name: Escapes, Undoes: `\u0041, \x41, \101, \n, \/ and \" as in JSON, JavaScript, C and Python`, make: edits(escapes)},
	{Name: "percent", Undoes: "%41 and %u0041 as in URLs", make: edits(percents)},
	{Name: "entities", Undoes: "&#65;, &#x41; and &amp; as in HTML and XML", Rendered: true, make: edits(entities)},
	{Name: "quoted-printable", Undoes: "=41 and lines that end with = as in mail", make: edits(quotedPrintable)},
	{Name: Visible, Undoes: "zero-width, bidirectional and other characters that nobody sees; full-width and other forms of ASCII (NFKC)", Rendered: true, make: edits(unseen)},
	{Name: "lines", Undoes: "a key broken over lines, with the indentation or the mark of a quotation, comment or diff", make: edits(lines)},
	{Name: "strings", Undoes: `"abc" + "def", with the operators + ++ . .. & ~ || <> << or none, over lines and comments too; key += "def" on the next line; concat!("abc", "def")`, make: edits(literals)},
	{Name: "base64", Undoes: "base64 in the standard and the URL alphabet, with and without padding, wrapped or not", make: sextetRuns},
	{Name: "hex", Undoes: "hexadecimal digits, in one run, wrapped, or byte by byte as in 67 68, 67:68 and 0x67, 0x68", make: hexes},
	{Name: "utf-16", Undoes: "UTF-16 of either byte order, with and without a mark", make: wide16},
	{Name: "utf-32", Undoes: "UTF-32 of either byte order, with and without a mark", make: wide32},
}

// Decode fills the sheet with what the kind makes of the text that was marked. The parts are valid until the sheet is used
// again.
func (k Kind) Decode(s *Sheet, m *Marks) {
	s.reset()
	k.make(s, m)
}

// edits makes a kind of what finds edits.
func edits(find func(dst []edit, m *Marks) []edit) func(*Sheet, *Marks) {
	return func(s *Sheet, m *Marks) {
		if s.edits = find(s.edits[:0], m); len(s.edits) > 0 {
			s.render(m.text)
		}
	}
}
