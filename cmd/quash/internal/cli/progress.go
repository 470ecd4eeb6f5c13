package cli

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source"
	"github.com/schollz/progressbar/v3"
)

// progress shows on stderr what is being read, how far, how fast and how much is left. It shows nothing where stderr is no
// terminal.
type progress struct {
	bytes atomic.Int64

	mu sync.Mutex
	// to is where it is drawn, nil for nowhere.
	to     io.Writer
	bar    *progressbar.ProgressBar
	stages map[string]source.Progress
	total  int
	now    func() time.Time
	// began is when the first stage did, drawn when the bar was last described.
	began, drawn time.Time
}

// drawEvery is the time between two pictures.
const drawEvery = 100 * time.Millisecond

func (g *globals) progress() *progress {
	p := &progress{now: g.env.Now, stages: map[string]source.Progress{}}
	if g.env.StderrTerminal && !g.quiet {
		p.to, p.began = g.env.Stderr, p.now()
	}
	return p
}

// source takes what a source says of itself. Its parts work side by side, so that stages alternate.
func (p *progress) source(s source.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.to == nil {
		return
	}
	p.stages[s.Stage] = s
	names, done, total := p.sum()
	if total == 0 { // not known
		names, done, total = s.Stage, s.Done, -1
	}
	if p.bar == nil || total != p.total {
		p.begin(total)
	}
	p.describe(cmp.Or(names, s.Stage))
	_ = p.bar.Set(done) // what cannot be drawn is no reason to stop
}

// sum adds up the stages whose length is known, and names those that are not at their end.
func (p *progress) sum() (names string, done, total int) {
	var open []string
	for _, name := range slices.Sorted(maps.Keys(p.stages)) {
		s := p.stages[name]
		if s.Total <= 0 {
			continue
		}
		done, total = done+min(s.Done, s.Total), total+s.Total
		if s.Done < s.Total {
			open = append(open, name)
		}
	}
	return strings.Join(open, ", "), done, total
}

// begin draws a new bar, since one that was full once draws no more.
func (p *progress) begin(total int) {
	p.clear()
	p.total, p.drawn = total, time.Time{}
	p.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(p.to), progressbar.OptionThrottle(drawEvery), progressbar.OptionSetWidth(20),
		progressbar.OptionClearOnFinish(), progressbar.OptionShowCount(), progressbar.OptionSpinnerType(14),
		progressbar.OptionSetSpinnerChangeInterval(0)) // 0: no goroutine of its own
}

func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear() // what cannot be drawn is no reason to stop
		p.bar = nil
	}
}

// chunk takes what the scanner searched. Several goroutines call it, often.
func (p *progress) chunk(_ scanner.Location, bytes int) { p.bytes.Add(int64(bytes)) }

func (p *progress) describe(stages string) {
	now := p.now()
	if now.Sub(p.drawn) < drawEvery {
		return
	}
	p.drawn = now
	mb := float64(p.bytes.Load()) / (1 << 20)
	rate := mb / max(now.Sub(p.began).Seconds(), 0.1)
	p.bar.Describe(fmt.Sprintf("%s  %.0f MB searched, %.0f MB/s", stages, mb, rate))
}

// end clears the bar away.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	p.to = nil
}
