package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

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

// keyInput reads what stands on standard input.
func (g *globals) keyInput() ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(g.env.Stdin, maxKey+1))
	switch {
	case err != nil:
		return nil, usage(fmt.Errorf("read key from standard input: %w", err))
	case len(data) > maxKey:
		return nil, usage(errors.New("read key from standard input: it is longer than any key; give the key alone"))
	}
	return bytes.TrimSpace(data), nil
}

// read makes the finding of the key on standard input. Errors do not repeat what --rule and --part say: people paste keys
// there.
func (r *run) read(o *oneKey) (scanner.Finding, error) {
	rule, ok := r.set.Rule(o.rule)
	if !ok {
		return scanner.Finding{}, usage(errors.New("--rule: not a rule; give one exact id, quash rules list shows them"))
	}
	if err := o.check(rule); err != nil {
		return scanner.Finding{}, usage(err)
	}
	data, err := r.g.keyInput()
	if err != nil {
		return scanner.Finding{}, err
	}
	values := [][]byte{data}
	if len(o.parts) > 0 {
		values = bytes.Split(data, []byte("\n"))
	}
	if len(values) != 1+len(o.parts) || len(values[0]) == 0 {
		return scanner.Finding{}, usage(fmt.Errorf("read key from standard input: not what is wanted; give the key alone, and each --part on a line of its own after it (%d lines)", 1+len(o.parts)))
	}
	return r.finding(rule, values, o.parts)
}

// check says whether the rule has parts of these names.
func (o *oneKey) check(rule *rules.Rule) error {
	names := slices.Sorted(maps.Keys(rule.Near))
	for _, name := range rule.Regexp().SubexpNames() {
		if name != "" && name != "token" && name != "sum" && name != "body" {
			names = append(names, name)
		}
	}
	for _, p := range o.parts {
		if !slices.Contains(names, p) {
			return fmt.Errorf("--part: a key of rule %s has no such part; its parts are: %s", rule.ID, strings.Join(append([]string{"token (the first line)"}, names...), ", "))
		}
	}
	return nil
}

// finding is a key that was given, as a scan would find it.
func (r *run) finding(rule *rules.Rule, values [][]byte, names []string) (scanner.Finding, error) {
	parts := map[string]scanner.Secret{}
	for i, name := range append([]string{"token"}, names...) {
		parts[name] = scanner.NewSecret(strings.TrimSpace(string(values[i])))
	}
	r.g.env.Redactor.Add(parts)
	idKey, err := r.config.Secret("id_key", r.config.IDKey, r.g.env.getenv)
	if err != nil {
		return scanner.Finding{}, usage(err)
	}
	s, err := scanner.New(r.set, scanner.Options{IDKey: idKey})
	if err != nil {
		return scanner.Finding{}, usage(err)
	}
	prefix := rule.Prefix()
	if !strings.HasPrefix(string(values[0]), prefix) {
		return scanner.Finding{}, usage(fmt.Errorf("the key on standard input does not begin like one of rule %s; check --rule", rule.ID))
	}
	return scanner.Finding{
		ID: s.ID(rule, parts["token"]), Rule: rule.ID, Parts: parts, Redacted: prefix + parts["token"].String(),
		Confidence: rules.High, Reasons: []string{"given on standard input"}, At: scanner.Location{Path: "-", Length: int64(parts["token"].Len())},
	}, nil
}

// startKey opens everything for one key and reports it as found.
func (r *run) startKey(ctx context.Context, f scanner.Finding, out *outputFlags) error {
	if err := r.sit(ctx, 1); err != nil {
		return err
	}
	if err := r.start(out, []string{"-"}); err != nil {
		return err
	}
	r.reading = origin{target: "-", kept: "-"}
	return r.found(ctx, f)
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
	return time.Time{}, errors.New("not a time; write 2026-11-22 or 2026-11-22T14:00:00Z")
}
