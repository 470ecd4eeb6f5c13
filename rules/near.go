package rules

// Rivals are the rules of the file whose keys may want one of the near parts that this rule's keys want, this one first.
func (r *Rule) Rivals() []*Rule {
	rivals := []*Rule{r}
	for i := range r.file.Rules {
		other := &r.file.Rules[i]
		if other.ID != r.ID && other.Family == r.Family && other.wantsPartOf(r) {
			rivals = append(rivals, other)
		}
	}
	return rivals
}

func (r *Rule) wantsPartOf(other *Rule) bool {
	for name := range r.Near {
		if _, both := other.Near[name]; both {
			return true
		}
	}
	return false
}

// NearSight bounds the choice of a near part.
type NearSight struct {
	// Part is the greatest length of a match of the part's expression, and Key that of a match of the rule or a rival.
	Part, Key int
	// Around is how far beside a match anything can stand that the choice depends on: a part as far as within, a rival as far
	// again from that, and the stretch of text that holds each.
	Around int
}

// NearSight bounds the choice of the near part of that name. All are bytes.
func (r *Rule) NearSight(name string) NearSight {
	n := r.Near[name]
	s := NearSight{Part: longest(mustParse(n.Pattern))}
	for _, rival := range r.Rivals() {
		s.Key = max(s.Key, rival.longestMatch())
	}
	s.Around = 4*n.Within + 2*s.Part + 3*s.Key
	return s
}

// longestMatch is the greatest length of a match, from the pattern and Max.
func (r *Rule) longestMatch() int {
	n := longest(r.compiled.tree())
	if r.Max > 0 && (n == unbounded || r.Max < n) {
		return r.Max
	}
	return n
}
