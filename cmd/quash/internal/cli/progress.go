package cli

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source"
	"github.com/schollz/progressbar/v3"
)

// progress shows on stderr what is being read, how far and how fast. It shows nothing where stderr is no terminal.
type progress struct {
	mu    sync.Mutex
	bar   *progressbar.ProgressBar
	stage string
	bytes int64
}

func (g *globals) progress() *progress {
	p := &progress{}
	var w io.Writer = io.Discard
	if g.env.StderrTerminal && !g.quiet {
		w = g.env.Stderr
	}
	p.bar = progressbar.NewOptions64(-1, progressbar.OptionSetWriter(w), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(), progressbar.OptionShowCount(), progressbar.OptionSetDescription("reading"), progressbar.OptionSpinnerType(14))
	return p
}

// source takes what a source says of itself.
func (p *progress) source(s source.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.Stage != p.stage {
		p.stage = s.Stage
		if s.Total > 0 {
			p.bar.ChangeMax(s.Total)
		} else {
			p.bar.ChangeMax64(-1)
		}
	}
	p.describe()
	_ = p.bar.Set(s.Done) // what cannot be drawn is no reason to stop
}

// chunk takes what the scanner searched.
func (p *progress) chunk(_ scanner.Location, bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bytes += int64(bytes)
	p.describe()
}

func (p *progress) describe() {
	p.bar.Describe(fmt.Sprintf("%s  %d MB searched", p.stage, p.bytes>>20))
}

func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.bar.Finish()
}
