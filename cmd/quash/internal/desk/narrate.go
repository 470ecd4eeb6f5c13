package desk

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/quash-sh/quash/revoker"
)

// narrator is the journal, told to the people who wait: every entry is a log line, every exchange with an issuer another at
// level debug, and a work order is shown when it is given, since somebody has to carry it out while quash looks.
type narrator struct {
	revoker.Journal
	world World
	// wait is how long quash looks whether a work order was carried out.
	wait time.Duration
}

// Append implements [revoker.Journal].
func (n narrator) Append(ctx context.Context, e revoker.Entry) error {
	err := n.Journal.Append(ctx, e)
	n.log(e, err)
	if err == nil && e.Receipt != nil && e.Receipt.State == revoker.Manual {
		n.world.Say(fmt.Sprintf("work order %s for %s: a person has to revoke it. quash looks for %s whether it is dead; the same command goes on later\n  - %s",
			e.Receipt.Reference, e.ID, n.wait, strings.Join(e.Receipt.Steps, "\n  - ")))
	}
	return err
}

func (n narrator) log(e revoker.Entry, err error) {
	line := n.world.Log.Info()
	if err != nil {
		line = n.world.Log.Error().Err(err)
	}
	line = line.Str("id", string(e.ID)).Str("rule", e.Rule)
	if e.Verdict != nil {
		line = line.Str("validity", string(e.Verdict.Validity))
		n.exchange(e.Verdict.Proof, "proof")
		n.exchange(e.Verdict.Control, "control")
	}
	if e.Decision != nil {
		line = line.Str("decision", string(e.Decision.Verb))
	}
	if e.Receipt != nil {
		line = line.Str("state", string(e.Receipt.State))
		n.exchange(e.Receipt.Exchange, "revoke")
	}
	line.Str("note", e.Note).Msg(string(e.Kind))
}

// exchange logs one request to an issuer, which holds no key, and its answer.
func (n narrator) exchange(x *revoker.Exchange, what string) {
	if x != nil {
		n.world.Log.Debug().Dict("exchange", zerolog.Dict().Str("method", x.Method).Str("url", x.URL).Int("status", x.Status).Str("error", x.Err)).Msg(what)
	}
}
