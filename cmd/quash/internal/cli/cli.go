// Package cli is quash's command line: one file a command.
//
// A command is a thin thing. It turns flags and configuration into the values that the packages below take, runs them, and
// turns what they say into items for report and into an exit code. Everything it touches of the world comes in through
// [Env], so that tests run the whole program with streams, clock, environment and issuers of their own.
//
// Keys never travel in argv: commands take them on standard input or by finding ID. What somebody pastes there all the same
// is not repeated (args.go), and nothing that is written, not even a panic's message, holds a key (clean.go).
//
// A run goes through the same steps whatever the command (run.go): prepare reads and checks everything that can be wrong
// before anything is written; start opens the outputs; finish says what was covered and how the program exits, also when
// the run was interrupted or came to a stop.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/revoker/provider"
	"github.com/quash-sh/quash/scanner"
	"golang.org/x/term"
)

// Exit codes. README.md and the root command's help explain them.
const (
	ExitOK         = 0 // complete and nothing found
	ExitFound      = 1 // keys found
	ExitUsage      = 2 // usage or configuration, or stopped before all was done
	ExitIncomplete = 3 // incomplete and nothing found
	ExitActive     = 4 // a key verified active is still active
	ExitInternal   = 5 // internal error
)

// Env is the world as the program sees it.
type Env struct {
	// Args are the arguments without the program's name.
	Args           []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// LookupEnv looks up environment variables.
	LookupEnv func(string) (string, bool)
	// Now is the clock, Sleep waits.
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
	// Width is the terminal's width in columns, 0 when standard output is none; StderrTerminal allows progress.
	Width          int
	StderrTerminal bool
	// Simulation, where it is not nil, stands in for the network that issuers are reached through.
	Simulation *provider.Simulation
	// Redactor knows every key that this run met. nil: a new one.
	Redactor *scanner.Redactor
	// Room, where it is not nil, is called before much is read.
	Room func()
}

// System is the real world.
func System() Env {
	e := Env{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, LookupEnv: os.LookupEnv,
		Now: time.Now, Sleep: revoker.SystemClock{}.Sleep, StderrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	}
	if w, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil {
		e.Width = w
	}
	return e
}

// clock is the environment's clock.
func (e Env) clock() revoker.Clock { return clock{e} }

type clock struct{ env Env }

// Now implements revoker.Clock.
func (c clock) Now() time.Time { return c.env.Now() }

// Sleep implements revoker.Clock.
func (c clock) Sleep(ctx context.Context, d time.Duration) error { return c.env.Sleep(ctx, d) }

func (e Env) getenv(name string) string {
	v, _ := e.LookupEnv(name)
	return v
}

// exit is an error that carries the program's exit code. A nil err says that all was printed already.
type exit struct {
	code int
	err  error
}

// Error implements error.
func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

// Unwrap returns the cause.
func (e *exit) Unwrap() error { return e.err }

// usage makes an error of usage or configuration. An error that has its exit code keeps it.
func usage(err error) error {
	var x *exit
	if err == nil || errors.As(err, &x) {
		return err
	}
	return &exit{ExitUsage, err}
}

// code makes an exit without a message of its own; nil for 0.
func code(n int) error {
	if n == ExitOK {
		return nil
	}
	return &exit{code: n}
}

// exitOf is the code and the message, if there is one, that an error of a command ends the program with.
func exitOf(err error) (int, error) {
	var x *exit
	switch {
	case err == nil:
		return ExitOK, nil
	case !errors.As(err, &x):
		return ExitInternal, err
	case x.err == nil:
		return x.code, nil
	}
	return x.code, err
}

// Main runs the program and returns its exit code. An interrupt ends the run in order: what was covered is reported. A second
// one ends it at once; the journal is whole even then.
func Main(e Env) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return Run(ctx, e)
}

// Run runs the program under a context and returns its exit code.
func Run(ctx context.Context, e Env) (n int) {
	if e.Redactor == nil {
		e.Redactor = &scanner.Redactor{}
	}
	e.Stderr = &turns{w: e.Stderr}
	c := newCleaner(e)
	defer func() {
		if v := recover(); v != nil {
			c.complain(e.Stderr, crash())
			n = ExitInternal
		}
	}()
	root := newRoot(e, c)
	root.SetArgs(e.Args)
	root.SetIn(e.Stdin)
	root.SetOut(e.Stdout)
	root.SetErr(e.Stderr)
	n, err := exitOf(root.ExecuteContext(ctx))
	if err != nil {
		c.complain(e.Stderr, err)
	}
	return n
}
