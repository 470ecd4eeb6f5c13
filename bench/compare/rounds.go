package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"
)

// bench holds what the comparisons of one call have in common.
type bench struct {
	tools    []tool
	env      []string
	runs     int           // counted rounds
	budget   time.Duration // of one corpus
	progress io.Writer
}

// outcome is what a corpus gave for a tool: a usage for each round, or why there is none.
type outcome struct {
	tool   tool
	usages []usage
	failed string
}

// comparison is a corpus with the outcomes of all tools that are installed and know the mode.
type comparison struct {
	corpus   corpus
	cold     bool // the budget allowed but the round that warms caches, and it is counted
	outcomes []*outcome
}

// compare runs the rounds: one that warms caches, and those that count. They end early where the next would exceed the budget; the
// first stands for them where it alone did.
func (b *bench) compare(ctx context.Context, c corpus) (comparison, error) {
	cmp := comparison{corpus: c}
	for _, t := range b.tools {
		if t.program != "" && t.commands[c.mode] != nil {
			cmp.outcomes = append(cmp.outcomes, &outcome{tool: t})
		}
	}
	if err := b.install(ctx, c); err != nil {
		return cmp, err
	}
	begin := time.Now()
	if err := b.round(ctx, cmp, 0); err != nil {
		return cmp, err
	}
	if cmp.cold = time.Since(begin) > b.budget; cmp.cold {
		return cmp, nil
	}
	cmp.forget()
	begin = time.Now()
	for round := 1; round <= b.runs; round++ {
		if spent := time.Since(begin); round > 1 && spent+spent/time.Duration(round-1) > b.budget {
			break
		}
		if err := b.round(ctx, cmp, round); err != nil {
			return cmp, err
		}
	}
	return cmp, nil
}

// forget drops the figures of the round that warmed caches.
func (c comparison) forget() {
	for _, o := range c.outcomes {
		o.usages = nil
	}
}

// round runs every tool once, beginning with another one each time. A tool that fails is not run again.
func (b *bench) round(ctx context.Context, cmp comparison, round int) error {
	for i := range cmp.outcomes {
		o := cmp.outcomes[(i+round)%len(cmp.outcomes)]
		if o.failed != "" {
			continue
		}
		u, err := measure(ctx, cmp.corpus.dir, b.env, b.command(o.tool, cmp.corpus), o.tool.codes)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			o.failed, o.usages = err.Error(), nil
		} else {
			o.usages = append(o.usages, u)
		}
		fmt.Fprintf(b.progress, "%s:%s round %d: %s %.3f s CPU %s\n", cmp.corpus.mode, cmp.corpus.name, round, o.tool.name, u.cpu.Seconds(), o.failed)
	}
	return nil
}

// install puts our hook where git would run it.
func (b *bench) install(ctx context.Context, c corpus) error {
	for _, t := range b.tools {
		if t.name == ours && c.mode == "staged" {
			_, err := output(ctx, c.dir, t.program, "hook", "install", "--pre-commit")
			return err
		}
	}
	return nil
}

// command is what is run. Our own hook is run as git runs it, by its script, whose cost counts too.
func (b *bench) command(t tool, c corpus) []string {
	if t.name == ours && c.mode == "staged" {
		return []string{"sh", filepath.Join(".git", "hooks", "pre-commit")}
	}
	return append([]string{t.program}, t.args(c.mode, c.dir)...)
}
