package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/quash-sh/quash/report"
	"github.com/spf13/cobra"
)

func newReport(g *globals) *cobra.Command {
	var from, by string
	var o outputFlags
	cmd := &cobra.Command{
		Use: "report --from RUN.jsonl", Short: "render a saved run in any format", Args: noArgs,
		Long: "Report renders a run that was saved with -o run.jsonl. It reads nothing else and asks nobody.\n\n" +
			"With --by ticket (and -f markdown) it says for each ticket of an export what to redact in it, where, and which comment to post there.",
		RunE: func(*cobra.Command, []string) error {
			switch by {
			case "":
			case "ticket":
				o.byName = report.ByTicket
			default:
				return usage(fmt.Errorf("--by %s: not known; it takes ticket, or leave it out", by))
			}
			return g.render(from, &o)
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "the saved run, or - for standard input (required)")
	cmd.Flags().StringVar(&by, "by", "", "what to sort the report by: ticket (with -f markdown)")
	o.flags(cmd.Flags())
	return cmd
}

func (g *globals) render(from string, o *outputFlags) error {
	in, err := g.saved(from)
	if err != nil {
		return usage(err)
	}
	defer in.Close()
	out, err := o.open(g, g.reportRun())
	if err != nil {
		return err
	}
	for it, err := range report.Read(in) {
		if err != nil {
			_ = out.close() // the read error is the one to tell
			return usage(fmt.Errorf("%s: %w", from, err))
		}
		out.send(it)
	}
	return usage(out.close())
}

// saved opens a saved run.
func (g *globals) saved(from string) (io.ReadCloser, error) {
	switch from {
	case "":
		return nil, errors.New("no run named; say --from run.jsonl, which a scan writes with -o run.jsonl")
	case "-":
		return io.NopCloser(g.env.Stdin), nil
	}
	f, err := os.Open(from)
	if err != nil {
		return nil, fmt.Errorf("read run: %w; a scan writes one with -o run.jsonl", err)
	}
	return f, nil
}
