package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

// run does what the package comment says. It is an error when one of the tools failed.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (err error) {
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: compare [flags] MODE:REPOSITORY…    with the mode dir, history, staged or incremental, or made:MEGABYTES")
		flags.PrintDefaults()
	}
	named := map[string]string{}
	flags.Func("tool", "NAME=PROGRAM: where a tool is that is not on the PATH (repeatable)", func(s string) error {
		name, program, ok := strings.Cut(s, "=")
		if named[name] = program; !ok {
			return errors.New("want NAME=PROGRAM")
		}
		return nil
	})
	b := bench{progress: stderr}
	flags.IntVar(&b.runs, "runs", 5, "counted rounds for each corpus")
	flags.DurationVar(&b.budget, "budget", 10*time.Minute, "time for each corpus: fewer rounds where it is not enough, but one")
	only := flags.String("only", "", "names of tools with commas between them: run no others")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errMode
	}
	scratch, err := os.MkdirTemp("", "quash-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	if err := b.setUp(ctx, scratch, named, *only); err != nil {
		return err
	}
	return b.all(ctx, flags.Args(), scratch, stdout)
}

// setUp finds the tools, builds ours where it was not named, and asks all for their versions.
func (b *bench) setUp(ctx context.Context, scratch string, named map[string]string, only string) error {
	home := filepath.Join(scratch, "home")
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	b.env = environment(home)
	if named[ours] == "" {
		program, err := buildOurs(ctx, scratch)
		if err != nil {
			return err
		}
		named[ours] = program
	}
	all, err := locate(tools(), named)
	if err != nil {
		return err
	}
	for _, t := range all {
		if only != "" && !slices.Contains(strings.Split(only, ","), t.name) {
			continue
		}
		if t.program != "" {
			if err := t.ask(ctx, b.env); err != nil {
				return err
			}
		}
		b.tools = append(b.tools, t)
	}
	return nil
}

// all runs the comparisons one after the other. Each table is written when it is done.
func (b *bench) all(ctx context.Context, specs []string, scratch string, stdout io.Writer) error {
	var modes []string
	for _, spec := range specs {
		mode, _, _ := strings.Cut(spec, ":")
		if mode == "made" {
			mode = "history"
		}
		if !slices.Contains(modes, mode) {
			modes = append(modes, mode)
		}
	}
	writeTools(stdout, b.tools, modes)
	failed := false
	var done []comparison
	for _, spec := range specs {
		c, err := prepare(ctx, spec, scratch)
		if err != nil {
			return err
		}
		if c.mode == "incremental" {
			if err := b.again(ctx, c, spec, scratch, stdout); err != nil {
				return err
			}
			continue
		}
		result, err := b.compare(ctx, c)
		if err != nil {
			return err
		}
		done = append(done, result)
		writeTable(stdout, result)
		writeFailures(b.progress, result)
		failed = failed || slices.ContainsFunc(result.outcomes, func(o *outcome) bool { return o.failed != "" })
		if err := os.RemoveAll(c.dir); err != nil {
			return err
		}
	}
	writeScaling(stdout, done)
	if failed {
		return errors.New("not every tool could be measured; see above")
	}
	return nil
}
