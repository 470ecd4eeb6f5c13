package provider

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/quash-sh/quash/revoker"
)

// agiledCommandTimeout is the default of AgiledCommand.Timeout.
const agiledCommandTimeout = 60 * time.Second

// AgiledCommand is a program of the operator's own that revokes a key. It gets the key and a newline on standard input,
// never as an argument or in its environment. Its output is thrown away unread. Exit code 0 says that the order was taken.
type AgiledCommand struct {
	// Argv is the program and its arguments, as they are: nothing is filled in and no shell is used.
	Argv []string
	// Env are "NAME=value" pairs. Nothing is inherited. QUASH_ID, QUASH_KEY_NAME, QUASH_ORGANIZATION and
	// QUASH_ORGANIZATION_ID are added, empty where they are not known.
	Env []string
	// Timeout ends the program. 0: 60 s.
	Timeout time.Duration
}

func (c AgiledCommand) check() error {
	if len(c.Argv) == 0 || c.Argv[0] == "" {
		return errors.New(".command: missing; name the program and its arguments as a list")
	}
	return nil
}

// run is the way through the operator's program.
func (a *agiledRevoker) run(ctx context.Context, o agiledOrder) (revoker.Receipt, error) {
	if err := a.client.kill(ctx); err != nil {
		return revoker.Receipt{}, refuse("the kill switch is on or cannot be read")
	}
	c := a.o.Revoke.Command
	timeout := c.Timeout
	if timeout <= 0 {
		timeout = agiledCommandTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.Env = append([]string{
		"QUASH_ID=" + string(o.finding.ID), "QUASH_KEY_NAME=" + o.keyName(),
		"QUASH_ORGANIZATION=" + o.organization(), "QUASH_ORGANIZATION_ID=" + o.verdict.Facts["owner_id"],
	}, c.Env...)
	cmd.Stdin = strings.NewReader(o.finding.Token().Reveal() + "\n")
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return revoker.Receipt{}, refuse(fmt.Sprintf("revoke command %q could not be started", c.Argv[0]))
	}
	if err := cmd.Wait(); err != nil {
		return revoker.Receipt{}, fmt.Errorf("revoke command %q: %s; whether the key was revoked is not known", c.Argv[0], ended(ctx, err))
	}
	return revoker.Receipt{State: revoker.Requested, Action: agiledCommand, At: a.client.clock.Now()}, nil
}

// ended says how a program ended, in words of ours.
func ended(ctx context.Context, err error) string {
	var exit *exec.ExitError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "it was stopped when its time was up"
	case ctx.Err() != nil:
		return "it was stopped with the run"
	case errors.As(err, &exit):
		return fmt.Sprintf("it ended with exit code %d", exit.ExitCode())
	}
	return "it did not take the key or did not end"
}
