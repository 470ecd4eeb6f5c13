package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
	"github.com/quash-sh/quash/report"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"github.com/spf13/cobra"
)

// oneKey is a key that comes in on standard input instead of from a scan.
type oneKey struct {
	rule  string
	parts []string
}

func (o *oneKey) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.rule, "rule", "", "the kind of key: exactly one rule id (required)")
	cmd.Flags().StringArrayVar(&o.parts, "part", nil, "name of a further part of the key; its value is the next line of standard input (repeatable)")
}

// maxKey bounds what is read from standard input as a key, in bytes.
const maxKey = 64 << 10

// read makes the finding of the key on standard input.
func (o *oneKey) read(g *globals, c config.Config, set *rules.Set) (scanner.Finding, error) {
	rule, ok := set.Rule(o.rule)
	if !ok {
		return scanner.Finding{}, fmt.Errorf("--rule %q: not a rule; give one exact id, quash rules list shows them", o.rule)
	}
	data, err := io.ReadAll(io.LimitReader(g.env.Stdin, maxKey+1))
	if err != nil {
		return scanner.Finding{}, fmt.Errorf("read key from standard input: %w", err)
	}
	if len(data) > maxKey {
		return scanner.Finding{}, errors.New("read key from standard input: it is longer than any key")
	}
	values := [][]byte{bytes.TrimSpace(data)}
	if len(o.parts) > 0 {
		values = bytes.Split(bytes.TrimSpace(data), []byte("\n"))
	}
	if len(values) != 1+len(o.parts) || len(values[0]) == 0 {
		return scanner.Finding{}, fmt.Errorf("read key from standard input: %d lines wanted: the key, then each --part", 1+len(o.parts))
	}
	return o.finding(g, c, set, rule, values)
}

func (o *oneKey) finding(g *globals, c config.Config, set *rules.Set, rule *rules.Rule, values [][]byte) (scanner.Finding, error) {
	parts := map[string]scanner.Secret{}
	for i, name := range append([]string{"token"}, o.parts...) {
		parts[name] = scanner.NewSecret(strings.TrimSpace(string(values[i])))
	}
	g.env.Redactor.Add(parts)
	idKey, err := c.Secret("id_key", c.IDKey, g.env.getenv)
	if err != nil {
		return scanner.Finding{}, err
	}
	s, err := scanner.New(set, scanner.Options{IDKey: idKey})
	if err != nil {
		return scanner.Finding{}, err
	}
	prefix := rule.Prefix()
	if !strings.HasPrefix(string(values[0]), prefix) {
		return scanner.Finding{}, fmt.Errorf("the key on standard input does not begin like one of rule %s; check --rule", rule.ID)
	}
	return scanner.Finding{
		ID: s.ID(rule, parts["token"]), Rule: rule.ID, Parts: parts, Redacted: prefix + parts["token"].String(),
		Confidence: rules.High, Reasons: []string{"given on standard input"}, At: scanner.Location{Path: "-", Length: int64(len(values[0]))},
	}, nil
}

// with opens everything for one key, does something with it, and closes.
func (g *globals) with(cmd *cobra.Command, o *oneKey, out *outputFlags, do func(context.Context, *run, scanner.Finding) error) error {
	ctx := cmd.Context()
	r := &run{g: g, bar: g.progress(), flags: &scanFlags{}, started: g.env.Now(), keys: map[scanner.ID]struct{}{}, unchecked: map[string]string{}}
	var err error
	if r.config, err = g.load(); err != nil {
		return err
	}
	if r.set, err = g.ruleSet(r.config); err != nil {
		return err
	}
	f, err := o.read(g, r.config, r.set)
	if err != nil {
		return usage(err)
	}
	if r.desk, err = g.desk(ctx, r.config, r.set); err != nil {
		return err
	}
	rr := g.reportRun()
	rr.Rules = r.set
	if r.out, err = out.open(g, rr); err != nil {
		return errors.Join(err, r.desk.close(ctx))
	}
	defer r.abort()
	r.out.send(report.Item{Config: &report.Config{
		Schema: report.Schema, Quash: Version(), Command: cmd.Name(), Targets: []string{"-"}, Started: r.started.UTC(), Rules: r.set.Version(), RuleCount: r.set.Len(),
	}})
	r.reading = "-"
	if err := r.found(ctx, f); err != nil {
		return err
	}
	if err := errors.Join(do(ctx, r, f), r.desk.close(ctx)); err != nil {
		return errors.Join(err, r.end(ctx))
	}
	return r.end(ctx)
}

func newVerify(g *globals) *cobra.Command {
	var o oneKey
	var out outputFlags
	cmd := &cobra.Command{
		Use: "verify --rule ID < key", Short: "ask the issuer whether one key is live", Args: cobra.NoArgs,
		Long: "Verify reads a key from standard input and asks its issuer whether it is live. It changes nothing.\n\nEXIT STATUS\n  1  not live, or not known\n  2  usage or configuration\n  4  live",
	}
	o.flags(cmd)
	out.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return g.with(cmd, &o, &out, func(ctx context.Context, r *run, f scanner.Finding) error {
			res := r.desk.responder(&answerFlags{}, revoker.Policy{}, r.name())
			return r.answer(ctx, res, nil)
		})
	}
	return cmd
}

func newRevoke(g *globals) *cobra.Command {
	var o oneKey
	var out outputFlags
	var a answerFlags
	var since string
	cmd := &cobra.Command{
		Use: "revoke --rule ID < key", Short: "answer one key: plan its revocation, or with --execute do it", Args: cobra.NoArgs,
		Long: "Revoke reads a key from standard input, asks its issuer whether it is live, and plans its revocation.\nWith --execute and a policy it revokes, looks until the key is dead, and reviews what it did.",
	}
	o.flags(cmd)
	out.flags(cmd.Flags())
	a.flags(cmd.Flags())
	cmd.Flags().StringVar(&since, "since", "", "when the key was first exposed (RFC 3339 or a date)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		from, err := parseTime(since)
		if err != nil {
			return usage(fmt.Errorf("--since: %w", err))
		}
		return g.with(cmd, &o, &out, func(ctx context.Context, r *run, _ scanner.Finding) error {
			policy, err := a.load(r.config)
			if err != nil {
				return err
			}
			r.findings[0].At.Time = from
			return r.answer(ctx, r.desk.responder(&a, policy, r.name()), nil)
		})
	}
	return cmd
}

// parseTime reads a time or a date; nothing is the zero time.
func parseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range [...]string{time.RFC3339, time.DateOnly, time.DateTime} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time; write 2026-11-22 or 2026-11-22T14:00:00Z", s)
}
