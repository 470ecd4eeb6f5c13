package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/quash-sh/quash/rules"
	"github.com/spf13/cobra"
)

//go:generate sh -c "go run ../.. rules list -f markdown >../../../../docs/rules.md"

func newRulesList(g *globals) *cobra.Command {
	format := "text"
	cmd := &cobra.Command{
		Use: "list", Short: "list all rules", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			set, err := g.configured()
			if err != nil {
				return err
			}
			switch format {
			case "text":
				return listText(g.env.Stdout, set)
			case "markdown":
				return listMarkdown(g.env.Stdout, set)
			}
			return wrong(cmd, "-f: "+format+" is not among text and markdown")
		},
	}
	cmd.Flags().StringVarP(&format, "format", "f", format, "text or markdown")
	return cmd
}

func listText(out io.Writer, set *rules.Set) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, err := fmt.Fprintln(w, "RULE\tSEVERITY\tCONFIDENCE\tVERIFY\tREVOKE\tNAME")
	errs := []error{err}
	for r := range set.All() {
		_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Severity, r.Confidence, yes(len(r.Verify) > 0), revokes(r), r.Name)
		errs = append(errs, err)
	}
	return errors.Join(append(errs, w.Flush())...)
}

const listHead = `# The kinds of key that quash knows

Written by ` + "`quash rules list -f markdown`" + `; do not edit. %s.

Confidence is that of a match before its checks; verify: the issuer can be asked whether the key is live, and a link leads to where the issuer
itself publishes that request; revoke: how a key is known to be the one that a request names, or by hand; review: what the key did can be
asked. ` + "`quash rules show ID`" + ` tells all of one.

| provider | rule | kind of key | confidence | verify | revoke | review |
| --- | --- | --- | --- | --- | --- | --- |
`

func listMarkdown(w io.Writer, set *rules.Set) error {
	_, err := fmt.Fprintf(w, listHead, count(set))
	errs := []error{err}
	for r := range set.All() {
		provider := r.File().Provider
		if docs := cmp.Or(r.Docs, r.File().Docs); docs != "" {
			provider = "[" + provider + "](" + docs + ")"
		}
		_, err := fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s |\n", provider, r.ID, strings.ReplaceAll(r.Name, "|", `\|`),
			r.Confidence, verifies(r), revokes(r), yes(len(r.Review) > 0))
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// verifies says whether a rule has a verify, with a link to where its issuer documents the request.
func verifies(r *rules.Rule) string {
	if r.Evidence.Documents(rules.SaysRequest) {
		return "[yes](" + r.Evidence.At + ")"
	}
	return yes(len(r.Verify) > 0)
}

// tally counts a rule set.
type tally struct{ kinds, providers, verify, revoke, byHand, review, low, checked, request, inactive, ends, bare int }

func count(set *rules.Set) tally {
	var t tally
	seen := map[string]bool{}
	for r := range set.All() {
		t.kinds++
		seen[r.File().Provider] = true
		for _, c := range []struct {
			n  *int
			is bool
		}{
			{&t.verify, len(r.Verify) > 0},
			{&t.revoke, len(r.Revoke) > 0},
			{&t.byHand, len(r.Revoke) == 0 && len(r.Manual) > 0},
			{&t.review, len(r.Review) > 0},
			{&t.low, r.Confidence == rules.Low},
			{&t.checked, len(r.Checks) > 0},
			{&t.request, r.Evidence.Documents(rules.SaysRequest)},
			{&t.inactive, r.Evidence.Documents(rules.SaysInactive)},
			{&t.ends, r.Evidence.Documents(rules.SaysRevoke)},
			{&t.bare, r.Bare()},
		} {
			if c.is {
				*c.n++
			}
		}
	}
	t.providers = len(seen)
	return t
}

// String says the counts in one line.
func (t tally) String() string {
	return fmt.Sprintf("%d kinds of key from %d providers, %d with verify, %d with revoke", t.kinds, t.providers, t.verify, t.revoke)
}

func newRulesStats(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "stats", Short: "count what is known", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			set, err := g.configured()
			if err != nil {
				return err
			}
			t := count(set)
			w := tabwriter.NewWriter(g.env.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
			var errs []error
			for _, l := range []struct {
				n    int
				what string
			}{
				{t.kinds, "kinds of key"}, {t.providers, "providers"}, {t.verify, "with verify"},
				{t.request, "with a verify that the issuer documents"}, {t.inactive, "with the issuer's own word on what a dead key is answered"},
				{t.revoke, "with revoke"}, {t.ends, "with a revoke that the issuer documents"},
				{t.byHand, "revoked by hand, with the steps"}, {t.review, "with review"}, {t.checked, "with checks: checksum, entropy, words, structure"},
				{t.low, "of low confidence: reported with --min-confidence low"},
				{t.bare, "without a keyword, looked for at every byte: expensive"},
			} {
				_, err := fmt.Fprintf(w, "%d\t %s\n", l.n, l.what)
				errs = append(errs, err)
			}
			return errors.Join(append(errs, w.Flush())...)
		},
	}
}
