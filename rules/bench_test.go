package rules

import "testing"

// BenchmarkBuiltin is what every scan pays before it starts; the rest of a rule is paid for when a key of it comes up.
func BenchmarkBuiltin(b *testing.B) {
	for b.Loop() {
		set := builtinSet(b)
		set.Version()
		for o := range set.Outlines() {
			if o.Expr == "" {
				b.Fatal(o.ID)
			}
		}
	}
}

// BenchmarkRule is what the first key of a provider costs beyond that.
func BenchmarkRule(b *testing.B) {
	for b.Loop() {
		if _, ok := builtinSet(b).Rule("agiled-api-key-bearer"); !ok {
			b.Fatal("no such rule")
		}
	}
}
