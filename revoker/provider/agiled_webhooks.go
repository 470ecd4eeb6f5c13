package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/quash-sh/quash/revoker"
)

// whole reads every page of a list, in its own order.
func (s *survey) whole(ctx context.Context, list string, row func(agiledRow)) error {
	end, err := s.lists.run(ctx, pass{list: list, pages: s.reviewer.o.ReviewPages, window: s.window, row: row})
	var cannot *unlisted
	if errors.As(err, &cannot) {
		s.blind("%s: %s", inWords(list), cannot.why)
		return nil
	}
	if err == nil && !end.whole {
		s.blind("%s: only %d of %d were looked at (providers.agiled.review_pages)", inWords(list), end.read, end.total)
	}
	return err
}

// subscriptions reports every webhook subscription. Nothing says that revoking a key ends those that it made, so one whose
// target the operator does not expect may go on sending data out.
func (s *survey) subscriptions(ctx context.Context) error {
	counted := s.activity.Counts
	return s.whole(ctx, "webhook-subscriptions", func(row agiledRow) {
		target, expected := s.target(row)
		e := revoker.Event{
			Kind: "webhook subscription", Object: clean(string(row.ID), s.finding), Expected: expected, Outlives: !expected,
		}
		notes := []string{cmp.Or(clean(string(row.Status), s.finding), "status not told")}
		if m, ok := agiledTime(string(row.Created)); ok {
			e.At = m.told
			if m.touches(s.window) {
				notes = append(notes, "created while the key was exposed")
				counted["webhook subscriptions"]++
			}
		} else {
			notes = append(notes, "when it was created is not told")
		}
		if !expected {
			notes = append(notes, s.unexpected())
		}
		e.Detail = fmt.Sprintf("%q → %s (%s): %s", clean(string(row.Description), s.finding), target, s.events(row), strings.Join(notes, ", "))
		s.activity.Events = append(s.activity.Events, e)
	})
}

// deliveries reports what was delivered to unexpected targets in the window, and counts the rest.
func (s *survey) deliveries(ctx context.Context) error {
	s.blind("webhook deliveries: the list holds recent ones only; how far back is not documented")
	return s.whole(ctx, "webhook-deliveries", func(row agiledRow) {
		m, dated := agiledTime(string(cmp.Or(row.Delivered, row.Created, row.Updated)))
		if dated && !m.touches(s.window) {
			return
		}
		s.activity.Counts["webhook deliveries"]++
		target, expected := s.target(row)
		if expected {
			return
		}
		s.activity.Events = append(s.activity.Events, revoker.Event{
			At: m.told, Kind: "webhook delivery", Object: clean(string(row.ID), s.finding),
			Detail: fmt.Sprintf("%s → %s (%s), %s", s.events(row), target,
				cmp.Or(clean(string(row.Status), s.finding), "status not told"), s.unexpected()),
		})
	})
}

// target is where a webhook goes, without its path, and whether the operator expects it.
func (s *survey) target(row agiledRow) (shown string, expected bool) {
	shown, host := targetOf(row)
	return clean(shown, s.finding), slices.Contains(s.reviewer.o.ExpectedTargets, host)
}

func (s *survey) unexpected() string {
	if len(s.reviewer.o.ExpectedTargets) == 0 {
		return "no list of expected targets is configured (providers.agiled.expected_targets)"
	}
	return "NOT on your list of targets"
}

// events are the names of the events that a row is about.
func (s *survey) events(row agiledRow) string {
	var names []string
	for _, e := range append(row.Events, row.Event) {
		if e != "" {
			names = append(names, string(e))
		}
	}
	if len(names) == 0 {
		return "no events told"
	}
	return clean(strings.Join(names, ", "), s.finding)
}

// targetOf is the origin and the host of a webhook's target. Its path is not told: it may hold a credential.
func targetOf(row agiledRow) (shown, host string) {
	u, err := url.Parse(cmp.Or(string(row.TargetURL), string(row.URL)))
	if err != nil || u.Host == "" {
		return "a target that is not a URL", ""
	}
	return u.Scheme + "://" + u.Host, strings.ToLower(u.Hostname())
}
