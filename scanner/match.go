package scanner

import (
	"bytes"
	"maps"
	"regexp"
	"slices"

	"github.com/quash-sh/quash/rules"
)

// span is bytes [from, to) of a text, counted from the text's beginning.
type span struct{ from, to int64 }

func (s span) len() int64 { return s.to - s.from }

func (s span) overlaps(t span) bool { return s.from < t.to && t.from < s.to }

// candidate is a match that passed its checks and has not yet been held against others at the same place.
type candidate struct {
	rule    *compiled
	token   span
	match   span // that the key was found in
	finding Finding
	// sure says that a checksum was right.
	sure    bool
	allowed bool
	// owner is the key that has it as a part: it is no key of its own, in no view.
	owner *candidate
	// places are the paths at which it counts, where the path is not known yet.
	places *rules.Places
	// kept is what is remembered of it, for other texts.
	kept *kept
	// unplaced says that the finding has the place of another text.
	unplaced bool
}

// text is one text as it arrives, in one piece or many. What it finds does not depend on the pieces: a keyword is looked
// at only once everything within reach of it is there, and candidates are settled only when no later one can overlap them.
type text struct {
	x    *index
	from Location
	emit func(candidate)

	buf  []byte
	base int64 // offset of buf[0] in the text
	seen int64 // how far the prefilter got
	// tools are borrowed from the index until the text ends.
	tools *tools
	// waiting are keywords whose surroundings are not complete, by offset of their end.
	waiting []waiting
	open    []candidate
	claims  claims
	lines   lineCounter
	effort  effort
	// where gives all of from when a key has a place in it; nil when that is known.
	where func() Location
	// notes take what a keyword leads to, where that is to be remembered; matched says that a rule matched, and looked is what of the text
	// decided about that and what came of it.
	notes   *[]memoLink
	matched bool
	looked  span
}

type waiting struct {
	end     int64
	keyword int
}

// begin begins a text in the memory of one that has ended.
func (t *text) begin(x *index, from Location, emit func(candidate)) {
	open, claims := t.open[:0], t.claims.emptied()
	*t = x.tools.Get().(*tools).text(x, emit)
	t.from, t.lines, t.open, t.claims = from, newLineCounter(from), open, claims
}

// text begins a text with the tools, whose place is not known.
func (tools *tools) text(x *index, emit func(candidate)) text {
	tools.turn++
	tools.walked = 0
	if tools.bare != nil {
		tools.bare.reset()
	}
	return text{x: x, effort: x.effort, emit: emit, tools: tools, waiting: tools.waiting[:0]}
}

// feed takes the next piece; last says that the text ends with it. The piece is not kept when it is the last.
func (t *text) feed(data []byte, last bool) {
	if len(t.buf) == 0 {
		t.buf = data
	} else {
		t.buf = append(t.buf, data...)
		t.tools.room = t.buf // it may have grown
	}
	t.prefilter()
	t.finish(last)
	if !last {
		t.trim(len(data))
	}
}

// finish searches at the keywords that are known.
func (t *text) finish(last bool) {
	t.look(last)
	t.matchBare(last)
	t.settle(last)
	if !last {
		return
	}
	t.tools.waiting, t.effort.used = t.waiting, t.tools.walked
	if b := t.tools.bare; b != nil {
		t.effort.used += b.walked / bareTimes
		t.effort.over = t.effort.over || b.over
	}
	t.x.tools.Put(t.tools)
	t.tools = nil
}

func (t *text) end() int64 { return t.base + int64(len(t.buf)) }

// prefilter finds the keywords of what is new, with the bytes before it that a keyword across the seam needs.
func (t *text) prefilter() {
	start := max(t.base, t.seen-int64(max(t.x.filter.Max()-1, 0)))
	t.tools.hits = t.x.filter.Scan(t.buf[start-t.base:], t.tools.hits[:0])
	for _, h := range t.tools.hits {
		if end := start + int64(h.End); end > t.seen {
			t.waiting = append(t.waiting, waiting{end, h.Keyword})
		}
	}
	t.seen = t.end()
}

// look matches the rules of every keyword whose surroundings are complete.
func (t *text) look(last bool) {
	n := 0
	for _, w := range t.waiting {
		if !last && w.end+int64(t.x.reach) > t.end() {
			break
		}
		n++
		hit := span{w.end - int64(t.x.filter.Len(w.keyword)), w.end}
		for _, r := range t.x.wants[w.keyword] {
			t.match(t.x.rules[r], t.x.keywords[w.keyword], hit)
		}
	}
	t.waiting = slices.Delete(t.waiting, 0, n)
}

// window clips a span to what is held.
func (t *text) window(s span) span {
	return span{max(s.from, t.base), min(s.to, t.end())}
}

func (t *text) bytes(s span) []byte { return t.buf[s.from-t.base : s.to-t.base] }

// judge turns a match into a candidate when its checks hold.
func (t *text) judge(c *compiled, re *regexp.Regexp, m []int, base int64) {
	token := 2 * max(0, re.SubexpIndex("token"))
	tok := span{base + int64(m[token]), base + int64(m[token+1])}
	match := span{base + int64(m[0]), base + int64(m[1])}
	c.read()
	why := refusal{}
	if tok.from < 0 || tok.to <= tok.from {
		return
	}
	t.looksAround(c, match, tok)
	if why = t.refusal(c, m, base, tok, match); t.refused(why) {
		return
	}
	if known := t.twice(c, tok, match); known != nil {
		t.matched = true
		t.note(known, nil)
		return
	}
	around, ok := t.literal(c.outline.Literal, match, tok, why)
	if !ok {
		return
	}
	parts := t.parts(re, m, base)
	j := judgement{rule: c.rule, prefix: c.prefix, confidence: c.rule.Confidence, path: judgedPath(t.from.Path)}
	near := t.beside(c, tok, match)
	maps.Copy(parts, near.values)
	j.near(near)
	if !j.validate(parts) {
		t.refuse(why, true)
		return
	}
	t.matched = true
	places, ok := t.places(c, tok, match)
	if !ok {
		return
	}
	if c.outline.Literal == "" {
		j.context(t.bytes(span{match.from, tok.from}))
	} else if !j.literal(around) {
		t.refuse(why, false)
		return
	}
	found := candidate{
		rule: c, token: tok, match: match, sure: j.sure, allowed: t.allowComment(tok),
		finding: t.finding(c, tok, parts, j), places: places,
	}
	t.note(&found, near.taken)
	t.open = append(t.open, found)
	t.claims.add(found, near.taken)
}

// literal is what stands around a match of a rule for literals of a kind; ok is false, and the match refused, where it is none. Most that are
// given to a name are none, which costs less to see than what their values look like.
func (t *text) literal(kind string, match, tok span, why refusal) (a assigned, ok bool) {
	switch named := kind == rules.LiteralPassword || kind == rules.LiteralSecret; {
	case kind == "":
		return a, true
	case named && rules.Refers(string(t.bytes(tok))):
		t.refuse(why, true)
		return a, false
	default:
		if a = t.setting(kind, match, tok); named && (!a.telling() || !a.syntax()) {
			t.refuse(why, false)
			return a, false
		}
		return a, true
	}
}

// parts are the named groups of a match. The group of the key itself is called token even where the pattern names none.
func (t *text) parts(re *regexp.Regexp, m []int, base int64) map[string]string {
	parts := map[string]string{}
	for i, name := range re.SubexpNames() {
		if name != "" && m[2*i] >= 0 {
			parts[name] = string(t.bytes(span{base + int64(m[2*i]), base + int64(m[2*i+1])}))
		}
	}
	if re.SubexpIndex("token") < 0 {
		parts["token"] = string(t.bytes(span{base + int64(m[0]), base + int64(m[1])}))
	}
	return parts
}

func (t *text) finding(c *compiled, tok span, parts map[string]string, j judgement) Finding {
	secrets := make(map[string]Secret, len(parts))
	for name, v := range parts {
		if name != "body" && name != "sum" {
			secrets[name] = NewSecret(v)
		}
	}
	token := secrets["token"]
	return Finding{
		Rule: c.rule.ID, Parts: secrets, At: t.place(tok),
		Confidence: j.confidence, Reasons: j.reasons, Redacted: redacted(c.prefix, token),
	}
}

func (t *text) place(tok span) Location {
	if t.where != nil {
		t.from, t.where = t.where(), nil
		t.lines = newLineCounter(t.from)
	}
	at := t.from
	at.Offset += tok.from
	at.Length = tok.to - tok.from
	at.Line, at.Column = t.lines.at(t.buf, tok.from-t.base)
	at.EndLine, at.EndColumn = t.lines.at(t.buf, tok.to-t.base)
	return at
}

var allowMark = []byte("quash:allow")

// allowComment reports whether the line of a key says quash:allow, within lineReach of the key.
func (t *text) allowComment(tok span) bool {
	before := t.bytes(t.window(span{tok.from - lineReach, tok.from}))
	before = before[bytes.LastIndexByte(before, '\n')+1:]
	after := t.bytes(t.window(span{tok.to, tok.to + lineReach}))
	if i := bytes.IndexByte(after, '\n'); i >= 0 {
		after = after[:i]
	}
	return bytes.Contains(before, allowMark) || bytes.Contains(after, allowMark)
}

// settle hands on every candidate that no later one can overlap, the best of those that overlap each other.
func (t *text) settle(last bool) {
	frontier := t.seen - int64(t.x.reach) - int64(t.x.filter.Max())
	if len(t.waiting) > 0 {
		frontier = min(frontier, t.waiting[0].end-int64(t.x.reach))
	}
	if b := t.tools.bare; b != nil {
		frontier = min(frontier, b.at-int64(t.x.reach))
	}
	slices.SortStableFunc(t.open, byPlace)
	t.claims.sort()
	done := 0
	for done < len(t.open) {
		n, end := done+1, t.open[done].token.to
		for n < len(t.open) && t.open[n].token.from < end {
			end = max(end, t.open[n].token.to)
			n++
		}
		if !last && end > frontier {
			break
		}
		for _, c := range winners(t.open[done:n]) {
			c.owner = t.claims.owner(c)
			if c.rule.silent {
				continue
			}
			if c.unplaced {
				c.finding.At, c.unplaced = t.place(c.token), false
			}
			t.emit(c)
		}
		done = n
	}
	t.open = slices.Delete(t.open, 0, done)
}

// trim forgets what no keyword can reach any more and makes the rest its own.
func (t *text) trim(arrived int) {
	keep := t.end() - int64(2*t.x.reach)
	if len(t.waiting) > 0 {
		keep = min(keep, t.waiting[0].end-int64(2*t.x.reach))
	}
	drop := max(0, keep-t.base)
	t.lines.drop(t.buf, drop)
	t.claims.drop(keep)
	rest := t.buf[drop:]
	if drop > 0 || arrived == len(t.buf) {
		t.tools.room = append(t.tools.room[:0], rest...)
		rest = t.tools.room
	}
	t.buf = rest
	t.base += drop
}
