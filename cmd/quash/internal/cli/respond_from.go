package cli

import (
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/quash-sh/quash/report"
	"github.com/quash-sh/quash/scanner"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// wanted are the keys of the saved run, when one is named, and the targets and flags of that run.
func (g *globals) wanted(cmd *cobra.Command, f *respondFlags, args []string) (map[scanner.ID]bool, []string, error) {
	if f.from == "" {
		return nil, args, nil
	}
	in, err := g.saved(f.from)
	if err != nil {
		return nil, nil, err
	}
	defer in.Close()
	wanted := map[scanner.ID]bool{}
	for it, err := range report.Read(in) {
		switch {
		case err != nil:
			return nil, nil, fmt.Errorf("%s: %w", f.from, err)
		case it.Finding != nil:
			wanted[it.Finding.ID] = true
		case it.Config != nil && len(args) == 0:
			args = it.Config.Targets
			if err := again(cmd.Flags(), it.Config.Options); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", f.from, err)
			}
		}
	}
	return wanted, args, nil
}

// reading are the flags that say how targets are read. No other flag is taken from a saved run: a file must not be able to
// say --execute.
var reading = []string{"source", "staged", "range", "no-history", "no-worktree", "no-ignore", "min-confidence", "only", "skip", "baseline", "max-file", "field"}

// again sets the flags of an earlier run that were not given anew.
func again(fs *pflag.FlagSet, options []string) error {
	for _, o := range options {
		name, value, _ := strings.Cut(strings.TrimPrefix(o, "--"), "=")
		value = strings.TrimSuffix(strings.TrimPrefix(value, "["), "]") // how lists print
		if !slices.Contains(reading, name) || fs.Changed(name) || value == "" {
			continue
		}
		values, err := []string{value}, error(nil)
		if fs.Lookup(name).Value.Type() == "stringArray" { // its values hold commas
			values, err = csv.NewReader(strings.NewReader(value)).Read()
		}
		for _, v := range values {
			err = errors.Join(err, fs.Set(name, v))
		}
		if err != nil {
			return fmt.Errorf("its option --%s cannot be used again; give it anew", name)
		}
	}
	return nil
}

// missing names the keys of a saved run that were not found again.
func (r *run) missing(wanted map[scanner.ID]bool) {
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		if _, ok := r.keys[id]; !ok && !r.interrupted {
			r.gap("key "+string(id), "not found again where the saved run saw it, so it was not answered", "name the place where it stands now, and the --rules of that run")
		}
	}
}
