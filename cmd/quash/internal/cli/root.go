package cli

import (
	"errors"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker in releases.
var version = ""

// Version is the program's version: the release, or what the build knows of the source it was made from.
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "devel"
	}
	return info.Main.Version
}

const rootLong = `quash finds leaked API keys in repositories, commit history and ticket exports,
proves with the issuer which are live, revokes those, proves that they are dead,
and reports what they did while they were exposed.

Nothing is changed anywhere unless you say --execute and name a policy.

EXIT STATUS
  0  complete, and nothing found
  1  keys found
  2  usage or configuration
  3  incomplete, and nothing found in what could be read
  4  a key that its issuer calls active is still active
  5  internal error`

func newRoot(e Env) *cobra.Command {
	root := &cobra.Command{
		Use: "quash", Short: "find leaked keys, and answer them", Long: rootLong,
		SilenceUsage: true, SilenceErrors: true, Version: Version(),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(errors.New(err.Error() + "; see " + cmd.CommandPath() + " --help"))
	})
	g := &globals{env: e}
	g.flags(root.PersistentFlags())
	for _, add := range commands() {
		root.AddCommand(add(g))
	}
	asUsage(root)
	return root
}

// asUsage makes wrong arguments errors of usage.
func asUsage(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return usage(errors.New(err.Error() + "; see " + cmd.CommandPath() + " --help"))
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		asUsage(sub)
	}
}

// commands makes each command; one file a command, one line a command here.
func commands() []func(*globals) *cobra.Command {
	return []func(*globals) *cobra.Command{
		newScan, newRespond, newVerify, newRevoke, newApprove, newReview, newShow, newReport, newRules, newKeys, newJournal,
		newDemo, newVersion,
	}
}
