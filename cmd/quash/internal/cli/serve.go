package cli

import (
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/cobra"
)

const serveLong = `Serve takes GitHub's webhooks: every push is fetched, scanned, and its keys are
answered, as quash respond answers them. Without --execute and a policy, it
verifies and plans, and changes nothing; plans are written to the folder plans
of the state directory, for quash approve.

It wants the webhook's secret: webhook.secret_file in the configuration, or
QUASH_WEBHOOK_SECRET. In the webhook's settings at GitHub, the payload URL is
https://HOST/webhooks/github, and the events are pushes, branch or tag creation
and branch or tag deletion.

Keys that a pushed repository lets stand, by a comment, its .quashignore or a baseline
as the pushed commit has them, are left out; their issuers are asked all the same, and
one that is active is told and answered like any other.

One process does it all, with SQLite. To use many machines, give each the same
PostgreSQL with --store, and a role: receivers take deliveries, workers do the
work. Journal, locks and plans are in that database then, not in the state directory:
quash journal and quash approve read them with the same --store.

SIGTERM drains: no delivery is taken, and running jobs have time to end.
/healthz, /readyz and /metrics tell how it is.`

// The roles.
const (
	roleAll      = "all"
	roleReceiver = "receiver"
	roleWorker   = "worker"
)

// serveFlags are serve's own.
type serveFlags struct {
	answer               answerFlags
	listen, role, store  string
	cert, key            string
	forge, cache         string
	scans                int
	baselines            []string
	timeout, drain, beat time.Duration
	reconcile, firstTry  time.Duration
	attempts             int
	app                  appFlags
}

func newServe(g *globals) *cobra.Command {
	f := &serveFlags{}
	cmd := &cobra.Command{Use: "serve", Short: "take webhooks, scan every push, answer its keys", Long: serveLong, Args: noArgs}
	fl := cmd.Flags()
	f.answer.flags(fl)
	fl.Lookup("wait").DefValue, f.answer.wait = "1m0s", time.Minute
	fl.StringVar(&f.listen, "listen", "127.0.0.1:8080", "address to listen on")
	fl.StringVar(&f.role, "role", roleAll, "what this process does: receiver, worker or all")
	fl.StringVar(&f.store, "store", "", "database: a SQLite file, or postgres://… (default: quash.db in the state directory)")
	fl.StringVar(&f.cert, "tls-cert", "", "TLS certificate (PEM); it is read again when it changes")
	fl.StringVar(&f.key, "tls-key", "", "key of the TLS certificate (PEM)")
	fl.StringVar(&f.forge, "forge", "https://github.com", "where repositories are cloned from: this, a slash and their names")
	fl.StringVar(&f.cache, "cache", "", "directory of the mirrors (default: mirrors in the state directory)")
	f.app.flags(fl)
	fl.StringArrayVar(&f.baselines, "baseline", []string{"known.quash"}, "file of a pushed repository that lists the keys it lets stand, beside .quashignore (repeatable)")
	fl.IntVar(&f.scans, "scans", 0, "how many scans run at once (default: one per processor)")
	fl.DurationVar(&f.timeout, "timeout", 10*time.Minute, "how long a job may take; it is tried again afterwards")
	fl.DurationVar(&f.drain, "drain", 20*time.Second, "how long running jobs may go on when the process is to end")
	fl.DurationVar(&f.beat, "beat", 3*time.Second, "how often a worker shows that it lives; after five beats without a sign others take its jobs")
	fl.DurationVar(&f.reconcile, "reconcile", time.Hour, "how often the refs of a repository are compared with what was scanned")
	fl.IntVar(&f.attempts, "attempts", 9, "how often a job is tried before it is set aside")
	fl.DurationVar(&f.firstTry, "retry", 2*time.Second, "how long to wait before a job is tried again; four times as long each time")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return g.serve(cmd.Context(), f) }
	return cmd
}

// check says what is wrong with the flags.
func (f *serveFlags) check() error {
	origin, err := url.Parse(f.forge)
	switch {
	case !slices.Contains([]string{roleAll, roleReceiver, roleWorker}, f.role):
		return errors.New("--role: not known; it is receiver, worker or all")
	case (f.cert == "") != (f.key == ""):
		return errors.New("--tls-cert and --tls-key belong together; give both")
	case err != nil || origin.User != nil || origin.RawQuery != "" || !slices.Contains([]string{"https", "http", "ssh", "file"}, origin.Scheme):
		return errors.New("--forge: not the URL of a forge; write https://HOST, without user, password or query")
	case f.timeout <= f.answer.wait:
		return errors.New("--timeout: not longer than --wait; a job looks that long for a key's death")
	}
	return nil
}
