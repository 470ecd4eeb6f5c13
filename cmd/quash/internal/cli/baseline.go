package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/quash-sh/quash/report"
	"github.com/quash-sh/quash/scanner"
	"github.com/spf13/cobra"
)

const baselineLong = `Baseline create writes down the keys that are there today, so that scans with
--baseline FILE report what comes after. The file has one finding ID a line, sorted,
without places: it merges well, and a key that moves stays known.

It is made from a saved run (--from run.jsonl) or by scanning the targets. What their
ignore files let stand stays there and is not in it.

A baseline hides keys that may be live. Runs that ask issuers ask about its keys too,
and report an active one whoever let it stand.`

func newBaseline(g *globals) *cobra.Command {
	cmd := &cobra.Command{Use: "baseline", Short: "write down the keys that are known", Args: noArgs, RunE: showHelp}
	cmd.AddCommand(newBaselineCreate(g))
	return cmd
}

// baselineFlags are those of baseline create.
type baselineFlags struct {
	scan                   scanFlags
	from, out              string
	reason, expires, owner string
	force                  bool
}

func newBaselineCreate(g *globals) *cobra.Command {
	var f baselineFlags
	cmd := &cobra.Command{
		Use: "create [TARGET…] -o FILE", Short: "write a baseline of a saved run, or of what a scan finds", Long: baselineLong, Args: cobra.ArbitraryArgs,
	}
	f.scan.flags(cmd.Flags())
	cmd.Flags().StringVar(&f.from, "from", "", "take the keys of this saved run (JSONL), or - for standard input")
	cmd.Flags().StringVarP(&f.out, "output", "o", "", "the file to write (required)")
	cmd.Flags().StringVar(&f.reason, "reason", "", "why they may stand")
	cmd.Flags().StringVar(&f.expires, "expires", "", "until when: 30d, 12w or a date (default: for ever)")
	cmd.Flags().StringVar(&f.owner, "owner", "", "who answers for them")
	cmd.Flags().BoolVar(&f.force, "force", false, "write over a file that is there")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return g.createBaseline(cmd, &f, args) }
	return cmd
}

func (g *globals) createBaseline(cmd *cobra.Command, f *baselineFlags, args []string) error {
	until, err := f.check(g, args)
	if err != nil {
		return usage(err)
	}
	var b baseline
	if f.from != "" {
		err = b.fromRun(g, f.from)
	} else {
		err = b.fromScan(g, cmd, &f.scan, args)
	}
	if err != nil {
		return usage(err)
	}
	if err := writeWhole(f.out, b.lines(until, f.owner, f.reason)); err != nil {
		return usage(fmt.Errorf("write baseline: %w; name another file with -o", err))
	}
	g.note("%s: %d keys. Scan with --baseline %s; quash respond still asks whether they are live", f.out, len(b.ids), f.out)
	if b.incomplete {
		g.note("not everything could be read, so keys that are there may be missing from it; quash scan says what")
		return code(ExitIncomplete)
	}
	return nil
}

// check refuses what cannot be meant, before anything is read.
func (f *baselineFlags) check(g *globals, args []string) (time.Time, error) {
	until, err := parseExpiry(f.expires, g.env.Now())
	switch {
	case err != nil:
		return until, err
	case f.out == "":
		return until, errors.New("no file named; say -o baseline.quash")
	case f.from != "" && len(args) > 0:
		return until, errors.New("--from takes the keys of a saved run, and targets are scanned; name one of them")
	case g.cleaner.text(f.reason) != f.reason || g.cleaner.text(f.owner) != f.owner:
		return until, errors.New("reason or owner holds a key; say why the keys may stand without writing one")
	}
	if _, err := os.Lstat(f.out); err == nil && !f.force {
		return until, fmt.Errorf("%s is there already, and a new baseline forgets what was said in it; look at it, then say --force", f.out)
	}
	return until, nil
}

// baseline is what a new one holds.
type baseline struct {
	ids        []scanner.ID
	incomplete bool
}

func (b *baseline) fromRun(g *globals, path string) error {
	in, err := g.saved(path)
	if err != nil {
		return err
	}
	defer in.Close()
	for it, err := range report.Read(in) {
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", path, err)
		case it.Finding != nil:
			id, err := scanner.ParseID(string(it.Finding.ID))
			if err != nil {
				return fmt.Errorf("%s: the id of a finding is %w", path, err)
			}
			b.ids = append(b.ids, id)
		case it.Stats != nil:
			b.incomplete = !it.Stats.Complete
		}
	}
	return nil
}

// fromScan scans the targets as quash scan does.
func (b *baseline) fromScan(g *globals, cmd *cobra.Command, s *scanFlags, args []string) error {
	ctx := cmd.Context()
	r, err := g.prepare(cmd, s)
	if err != nil {
		return err
	}
	if err := r.open(ctx, args); err != nil {
		return err
	}
	defer r.close()
	r.out = &outputs{}
	err = r.scan(ctx)
	for _, f := range r.findings {
		b.ids = append(b.ids, f.ID)
	}
	b.incomplete = !r.stats.Complete() && !s.allowIncomplete
	if r.interrupted && err == nil {
		return &exit{ExitIncomplete, errors.New("interrupted before all was read, and nothing was written; run the same command again")}
	}
	return err
}

// lines are the file: a line for people, and one for each key, sorted.
func (b *baseline) lines(until time.Time, owner, reason string) []byte {
	slices.Sort(b.ids)
	b.ids = slices.Compact(b.ids)
	var out bytes.Buffer
	out.WriteString("# keys that were known when this was made: quash scan --baseline FILE\n")
	for _, id := range b.ids {
		out.WriteString(scanner.FormatAllowance(id, until, strings.Join(strings.Fields(owner), " "), reason) + "\n")
	}
	return out.Bytes()
}

// writeWhole writes a file so that it is the old one or the new one, and never half of it.
func writeWhole(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".quash-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // it is of no use to anybody
	}
	return err
}
