package rules

import "slices"

// globalAllow reads an allowlist of the whole document: for all its rules, or for those that it names.
func (im *importer) globalAllow(t *tomlTable) {
	targets := t.texts("targetrules")
	allow := t.allowlist()
	if len(targets) == 0 {
		im.allow = append(im.allow, allow...)
		return
	}
	for _, id := range targets {
		im.targeted = append(im.targeted, targetedAllow{id, allow, t})
	}
}

// allowlist reads an allowlist: each criterion by itself, or all together where its condition says AND. A criterion that
// cannot be read takes nothing out by itself; together with others it would leave too much to them, so that they are not read
// either.
func (t *tomlTable) allowlist() []Allow {
	t.text("description")
	all, ok := t.isAnd()
	if !ok {
		t.rest()
		return nil
	}
	notes := len(t.doc.notes)
	criteria := t.criteria()
	if len(t.texts("commits")) > 0 {
		t.notef("commits", "quash judges a text wherever it stands, not the commits that hold it; allow a key by its ID (quash allow) or take a baseline")
	}
	unread := len(t.doc.notes) > notes
	t.rest()
	switch {
	case !all:
		return criteria
	case unread && len(criteria) > 0:
		t.notef("", "with condition AND the other criteria would allow more than all together; the allowlist is not read")
		return nil
	case len(criteria) == 0:
		return nil
	}
	return []Allow{merged(criteria)}
}

// isAnd reads the condition; ok is false for one that is none.
func (t *tomlTable) isAnd() (and, ok bool) {
	switch c := lower(t.text("condition")); c {
	case "and", "&&":
		return true, true
	case "", "or", "||":
		return false, true
	default:
		t.notef("condition", "it is AND or OR; the allowlist is not read")
		return false, false
	}
}

// criteria are what an allowlist says, each alone.
func (t *tomlTable) criteria() []Allow {
	var all []Allow
	if paths := t.expressions("paths"); len(paths) > 0 {
		all = append(all, Allow{Path: paths})
	}
	target := lower(t.text("regextarget"))
	if exprs := t.expressions("regexes"); len(exprs) > 0 {
		switch target {
		case "", "secret":
			all = append(all, Allow{Token: exprs})
		case "match":
			all = append(all, Allow{Match: exprs})
		case "line":
			all = append(all, Allow{Line: exprs})
		default:
			t.notef("regextarget", "it is secret, match or line; the regexes are not read")
		}
	}
	words := slices.DeleteFunc(t.texts("stopwords"), func(w string) bool { return w == "" })
	if len(words) > 0 {
		all = append(all, Allow{Words: words})
	}
	return all
}

// expressions reads a list of expressions; what is none is noted.
func (t *tomlTable) expressions(key string) []string {
	return slices.DeleteFunc(t.texts(key), func(e string) bool {
		_, err := parse(e)
		if err != nil {
			t.notef(key, "%q is not a usable RE2 expression: %v; it allows nothing", e, err)
		}
		return err != nil
	})
}

// merged is all criteria together. Each sets fields of its own.
func merged(criteria []Allow) Allow {
	var a Allow
	for _, c := range criteria {
		a, _ = a.and(c)
	}
	return a
}

// and is an allowance that holds where both do; ok is false where both set one field, which cannot be said in one.
func (a Allow) and(b Allow) (both Allow, ok bool) {
	clash := len(a.Token) > 0 && len(b.Token) > 0 || len(a.Match) > 0 && len(b.Match) > 0 || len(a.Line) > 0 && len(b.Line) > 0 ||
		len(a.Words) > 0 && len(b.Words) > 0 || len(a.Path) > 0 && len(b.Path) > 0
	both = Allow{
		Token: slices.Concat(a.Token, b.Token), Match: slices.Concat(a.Match, b.Match), Line: slices.Concat(a.Line, b.Line),
		Words: slices.Concat(a.Words, b.Words), Path: slices.Concat(a.Path, b.Path), Entropy: a.Entropy,
	}
	if a.Entropy == 0 || b.Entropy > 0 && b.Entropy < a.Entropy {
		both.Entropy = b.Entropy
	}
	return both, !clash
}
