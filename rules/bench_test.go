package rules

import "testing"

// BenchmarkBuiltin is what every scan pays before it starts.
func BenchmarkBuiltin(b *testing.B) {
	for b.Loop() {
		for r := range builtinSet(b).All() {
			r.Span()
			r.Prefix()
			r.Anchor()
		}
	}
}
