package source

import (
	"context"

	"github.com/quash-sh/quash/scanner"
)

var _ = register(Kind{
	Name:  "stdin",
	Title: "standard input",
	Detect: func(_ context.Context, t Target) int {
		if t.Info == nil {
			return ScoreFallback
		}
		return ScoreNone
	},
	Open: func(_ context.Context, t Target, o Options) (scanner.Source, error) {
		if t.Info != nil {
			return nil, &Mismatch{Target: t.Name, Kind: "standard input", Why: "that is written -"}
		}
		return &file{target: t, what: "standard input", plain: o.Kind != "", counter: counter{nests: newNesting(o, 0)}}, nil
	},
})
