package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
)

// writeScaling writes what histories cost by the size of their packs, where there are several.
func writeScaling(w io.Writer, all []comparison) {
	type row struct {
		comparison
		ours, git usage
	}
	var rows []row
	var each []float64
	for _, c := range all {
		u, ok := c.typical(ours)
		if c.corpus.mode != "history" || !ok || c.corpus.packs == 0 {
			continue
		}
		git, _ := c.typical("git")
		rows = append(rows, row{c, u, git})
		each = append(each, u.cpu.Seconds()/float64(c.corpus.packs)*1e6)
	}
	if len(rows) < 2 {
		return
	}
	slices.SortFunc(rows, func(a, b row) int { return cmp.Compare(a.corpus.packs, b.corpus.packs) })
	slices.Sort(each)
	typical := middle(each)
	fmt.Fprint(w, "\n### history: CPU by the size of packs\n\n")
	fmt.Fprintln(w, "| corpus | pack MB | objects | CPU s of quash | of cat-file | ratio | peak MB | CPU ms per pack MB | : median |")
	fmt.Fprintln(w, "|---|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, r := range rows {
		megabytes, cpu, git, against := float64(r.corpus.packs)/1e6, r.ours.cpu.Seconds(), "", ""
		if r.git.cpu > 0 {
			git, against = fmt.Sprintf("%.2f", r.git.cpu.Seconds()), fmt.Sprintf("%.2f", cpu/r.git.cpu.Seconds())
		}
		fmt.Fprintf(w, "| %s at %s | %.1f | %d | %.2f | %s | %s | %.0f | %.0f | %.2f |\n", r.corpus.name, r.corpus.commit, megabytes, r.corpus.objects,
			cpu, git, against, float64(r.ours.peak)/1e6, 1000*cpu/megabytes, cpu/megabytes/typical)
	}
	fmt.Fprintf(w, "\nCPU per megabyte of pack, the most against the least: %.1f.\n", each[len(each)-1]/each[0])
}

// typical is the run of a tool in the middle of its rounds by CPU time.
func (c comparison) typical(name string) (usage, bool) {
	for _, o := range c.outcomes {
		if o.tool.name == name && o.failed == "" && len(o.usages) > 0 {
			sorted := slices.SortedFunc(slices.Values(o.usages), func(a, b usage) int { return cmp.Compare(a.cpu, b.cpu) })
			return sorted[len(sorted)/2], true
		}
	}
	return usage{}, false
}
