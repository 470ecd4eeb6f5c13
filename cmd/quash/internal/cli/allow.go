package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quash-sh/quash/scanner"
	"github.com/spf13/cobra"
)

const allowLong = `Allow writes a key's finding ID into .quashignore, one line an ID, sorted, with who
lets it stand, why, and until when. Scans of this directory then leave it out and count
it; they say so when the line has expired or matches nothing any more.

A key that is live is not made harmless by this: ask first, with quash respond.`

func newAllow(g *globals) *cobra.Command {
	var reason, expires, owner, file string
	cmd := &cobra.Command{Use: "allow ID --reason TEXT", Short: "let a key stand, with a reason", Long: allowLong, Args: oneID}
	cmd.Flags().StringVar(&reason, "reason", "", "why it may stand (required)")
	cmd.Flags().StringVar(&expires, "expires", "", "until when: 30d, 12w or a date (default: for ever)")
	cmd.Flags().StringVar(&owner, "owner", "", "who answers for it (default: the user's name)")
	cmd.Flags().StringVar(&file, "file", ".quashignore", "the file to write to")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		until, err := parseExpiry(expires, g.env.Now())
		if err != nil {
			return usage(err)
		}
		reason = strings.Join(strings.Fields(reason), " ")
		owner = (&answerFlags{by: owner}).person(g)
		switch {
		case reason == "":
			return usage(errors.New(`a reason is missing; write --reason "key of the public sandbox"`))
		case g.cleaner.text(reason) != reason || g.cleaner.text(owner) != owner:
			return usage(errors.New("reason or owner holds a key; say why the key may stand without writing it"))
		}
		line := scanner.FormatAllowance(scanner.ID(args[0]), until, owner, reason)
		if err := g.allowLine(file, scanner.ID(args[0]), line); err != nil {
			return usage(err)
		}
		_, err = fmt.Fprintf(g.env.Stdout, "%s: %s\n", file, line)
		return err
	}
	return cmd
}

// parseExpiry reads a date, or a number of days or weeks from now. Nothing is the zero time: for ever.
func parseExpiry(s string, now time.Time) (time.Time, error) {
	wrong := errors.New("--expires: not a time; write 30d, 12w or 2026-12-31")
	if s == "" {
		return time.Time{}, nil
	}
	if days, unit := s[:len(s)-1], s[len(s)-1]; unit == 'd' || unit == 'w' {
		n, err := strconv.Atoi(days)
		if err != nil || n < 1 || n > 10000 {
			return time.Time{}, wrong
		}
		if unit == 'w' {
			n *= 7
		}
		return now.UTC().AddDate(0, 0, n), nil
	}
	t, err := time.Parse(time.DateOnly, s)
	switch {
	case err != nil:
		return time.Time{}, wrong
	case t.AddDate(0, 0, 1).Before(now):
		return time.Time{}, errors.New("--expires: it has passed already; name a day to come")
	}
	return t, nil
}

// allowLine puts an ID's line into an allow list: in the place of the line that it has, or where it sorts. Comments stay before
// the line that they stand before.
func (g *globals) allowLine(path string, id scanner.ID, line string) error {
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("read allow list: %w; name another file with --file", err)
	}
	if _, err := scanner.ParseAllowList(path, data, g.env.Now()); err != nil {
		return err
	}
	var lines []string
	if text := strings.TrimRight(string(data), "\n"); text != "" {
		lines = strings.Split(text, "\n")
	}
	lines = slices.DeleteFunc(lines, func(l string) bool { return allowed(l) == id })
	at := slices.IndexFunc(lines, func(l string) bool { return allowed(l) > id })
	if at < 0 {
		at = len(lines)
	}
	for at > 0 && strings.HasPrefix(strings.TrimSpace(lines[at-1]), "#") && at < len(lines) {
		at--
	}
	text := strings.Join(slices.Insert(lines, at, line), "\n") + "\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return fmt.Errorf("write allow list: %w; name another file with --file", err)
	}
	return nil
}

// allowed is the ID of a line of an allow list; empty for comments.
func allowed(line string) scanner.ID {
	first, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	id, err := scanner.ParseID(first)
	if err != nil {
		return ""
	}
	return id
}
