package cli

import (
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
  2  usage or configuration, or stopped before all was done
  3  incomplete, and nothing found in what could be read
  4  a key that its issuer calls active is still active
  5  internal error`

func newRoot(e Env, c *cleaner) *cobra.Command {
	g := &globals{env: e, cleaner: c}
	root := &cobra.Command{
		Use: "quash", Short: "find leaked keys, and answer them", Long: rootLong, Args: noArgs, RunE: showHelp,
		SilenceUsage: true, SilenceErrors: true, Version: Version(), PersistentPreRunE: g.setUp,
	}
	root.SetVersionTemplate("quash {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelp())
	root.CompletionOptions.DisableDefaultCmd = true
	g.flags(root.PersistentFlags())
	for _, add := range commands() {
		root.AddCommand(add(g))
	}
	for _, cmd := range append(root.Commands(), root) {
		cmd.SuggestionsMinimumDistance = 2
	}
	complete(root)
	return root
}

// showHelp is what a command does that only groups others.
func showHelp(cmd *cobra.Command, _ []string) error { return cmd.Help() }

func newHelp() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND…]", Short: "explain a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			found, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return wrong(cmd, "no such command")
			}
			found.InitDefaultHelpFlag()
			return found.Help()
		},
	}
}

// commands makes each command; one file a command, one line a command here.
func commands() []func(*globals) *cobra.Command {
	return []func(*globals) *cobra.Command{
		newScan, newOrg, newRespond, newVerify, newRevoke, newApprove, newReview, newShow, newAllow, newBaseline, newHook, newReport, newRules, newKeys,
		newJournal, newDemo, newServe, newCompletion, newMan, newVersion,
	}
}
