package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/quash-sh/quash/report"
	"github.com/spf13/pflag"
)

// outputFlags choose the formats of a run.
type outputFlags struct {
	format string
	files  []string
	// byName returns the format of a name; nil is report.ByName.
	byName func(name string) (report.Format, error)
}

func (o *outputFlags) flags(f *pflag.FlagSet) {
	f.StringVarP(&o.format, "format", "f", "text", "format on standard output: text, json, jsonl, sarif, gitlab, github, junit, csv, markdown or html")
	f.StringArrayVarP(&o.files, "output", "o", nil, "write to this file too, in the format of its extension (repeatable)")
}

// outputs hands every item of a run to all formats as it comes.
type outputs struct {
	writers []*writer
}

// writer is one format at work in a goroutine of its own.
type writer struct {
	items chan report.Item
	done  chan error
}

// open starts the formats. A format that is not known or a file that cannot be made is an error before anything is written.
func (o *outputFlags) open(g *globals, run report.Run) (*outputs, error) {
	byName := o.byName
	if byName == nil {
		byName = report.ByName
	}
	format, err := byName(o.format)
	if err != nil {
		return nil, usage(err)
	}
	formats := make([]report.Format, len(o.files))
	for i, path := range o.files {
		name, err := report.NameOf(path)
		if err == nil {
			formats[i], err = byName(name)
		}
		if err != nil {
			return nil, usage(err)
		}
	}
	files, err := create(o.files)
	if err != nil {
		return nil, usage(err)
	}
	out := &outputs{}
	out.start(format, run, g.env.Stdout, nil)
	run.Width, run.Color = 0, false
	for i, f := range files {
		out.start(formats[i], run, f, f)
	}
	return out, nil
}

// create makes all files or none.
func create(paths []string) ([]*os.File, error) {
	var files []*os.File
	for _, path := range paths {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			for _, f := range files {
				_ = f.Close() // nothing was written to it
			}
			return nil, fmt.Errorf("write output: %w; name another file with -o", err)
		}
		files = append(files, f)
	}
	return files, nil
}

func (o *outputs) start(format report.Format, run report.Run, w io.Writer, c io.Closer) {
	wr := &writer{items: make(chan report.Item), done: make(chan error, 1)}
	o.writers = append(o.writers, wr)
	go func() {
		err := wr.write(format, run, w)
		for range wr.items { // a format that failed early takes the rest and drops it
		}
		if c != nil {
			err = errors.Join(err, c.Close())
		}
		wr.done <- err
	}()
}

// write runs the format. A panic in it is an error of the run: the other formats and the journal come to their ends.
func (w *writer) write(format report.Format, run report.Run, to io.Writer) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &exit{ExitInternal, crash()}
		}
	}()
	return format.Write(to, run, w.seq)
}

// seq yields the items as they come.
func (w *writer) seq(yield func(report.Item, error) bool) {
	for it := range w.items {
		if !yield(it, nil) {
			return
		}
	}
}

// send hands on one item.
func (o *outputs) send(it report.Item) {
	for _, w := range o.writers {
		w.items <- it
	}
}

// close ends the run for all formats and waits until they have written.
func (o *outputs) close() error {
	var errs []error
	for _, w := range o.writers {
		close(w.items)
	}
	for _, w := range o.writers {
		errs = append(errs, <-w.done)
	}
	o.writers = nil
	return usage(errors.Join(errs...))
}

// reportRun is what formats may know of the place they write to. NO_COLOR with any value (https://no-color.org) and a dumb
// terminal mean no colour.
func (g *globals) reportRun() report.Run {
	plain := g.env.getenv("NO_COLOR") != "" || g.env.getenv("TERM") == "dumb"
	return report.Run{Width: g.env.Width, Color: g.env.Width > 0 && !plain}
}

// turns is a writer for several goroutines: what each writes at once stays in one piece.
type turns struct {
	mu sync.Mutex
	w  io.Writer
}

// Write implements io.Writer.
func (t *turns) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.w.Write(b)
}
