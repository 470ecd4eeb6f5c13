package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
)

// writeTable writes the table of a comparison.
func writeTable(w io.Writer, c comparison) {
	rounds, ours := 0, ourOutcome(c)
	for _, o := range c.outcomes {
		rounds = max(rounds, len(o.usages))
	}
	how := fmt.Sprintf("%d rounds", rounds)
	switch {
	case c.cold:
		how = "one round, caches cold"
	case rounds == 1:
		how = "one round"
	}
	fmt.Fprintf(w, "\n### %s: %s at %s, %d files%s; %s\n\n", c.corpus.mode, c.corpus.name, c.corpus.commit, c.corpus.files, size(c.corpus.bytes), how)
	fmt.Fprintln(w, "| tool | CPU s | wall s | peak MB | MB per CPU s | CPU of quash : its own (least to most) |")
	fmt.Fprintln(w, "|---|--:|--:|--:|--:|---|")
	for _, o := range c.outcomes {
		if o.failed != "" || len(o.usages) == 0 {
			fmt.Fprintf(w, "| %s | failed | | | | |\n", o.tool.name)
			continue
		}
		cpu := median(o.usages, func(u usage) float64 { return u.cpu.Seconds() })
		wall := median(o.usages, func(u usage) float64 { return u.wall.Seconds() })
		peak := median(o.usages, func(u usage) float64 { return float64(u.peak) / 1e6 })
		fmt.Fprintf(w, "| %s | %.3f | %.3f | %.0f | %s | %s |\n", o.tool.name, cpu, wall, peak, rate(c.corpus.bytes, cpu), against(ours, o))
	}
}

func size(bytes int64) string {
	if bytes == 0 {
		return ""
	}
	return fmt.Sprintf(", %.1f MB", float64(bytes)/1e6)
}

func rate(bytes int64, cpu float64) string {
	if bytes == 0 || cpu == 0 {
		return ""
	}
	return fmt.Sprintf("%.1f", float64(bytes)/1e6/cpu)
}

func ourOutcome(c comparison) *outcome {
	for _, o := range c.outcomes {
		if o.tool.name == ours {
			return o
		}
	}
	return nil
}

// against is our CPU time divided by another tool's, round by round: the median, the least and the greatest.
func against(ours, other *outcome) string {
	if ours == nil || ours == other || len(ours.usages) != len(other.usages) {
		return ""
	}
	var ratios []float64
	for i, u := range other.usages {
		if u.cpu > 0 {
			ratios = append(ratios, ours.usages[i].cpu.Seconds()/u.cpu.Seconds())
		}
	}
	if len(ratios) == 0 {
		return ""
	}
	slices.Sort(ratios)
	return fmt.Sprintf("%s (%s to %s)", ratio(middle(ratios)), ratio(ratios[0]), ratio(ratios[len(ratios)-1]))
}

// ratio writes what is less than one as a fraction.
func ratio(r float64) string {
	if r <= 0 || r >= 1 {
		return fmt.Sprintf("%.2f", r)
	}
	return fmt.Sprintf("1/%.1f", 1/r)
}

func median(all []usage, figure func(usage) float64) float64 {
	var figures []float64
	for _, u := range all {
		figures = append(figures, figure(u))
	}
	slices.Sort(figures)
	return middle(figures)
}

// middle is the median of what is sorted and not empty.
func middle(sorted []float64) float64 {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// writeTools says what was run, in which version and how, and what was left out.
func writeTools(w io.Writer, all []tool, modes []string) {
	fmt.Fprintf(w, "Measured on %s/%s with %d processors.\n\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	var missing []string
	for _, t := range all {
		if t.program == "" {
			missing = append(missing, t.name)
			continue
		}
		var lines []string
		for _, mode := range modes {
			if t.commands[mode] != nil {
				lines = append(lines, "`"+strings.Join(append([]string{t.name}, t.commands[mode]...), " ")+"`")
			}
		}
		if lines != nil {
			fmt.Fprintf(w, "- %s %s: %s\n", t.name, t.version, strings.Join(lines, ", "))
		}
	}
	if missing != nil {
		fmt.Fprintf(w, "\nNot installed, and left out: %s.\n", strings.Join(missing, ", "))
	}
}

// writeFailures says why runs failed.
func writeFailures(w io.Writer, c comparison) {
	for _, o := range c.outcomes {
		if o.failed != "" {
			fmt.Fprintf(w, "%s:%s: %s failed: %s\n", c.corpus.mode, c.corpus.name, o.tool.name, strings.TrimSpace(o.failed))
		}
	}
}
