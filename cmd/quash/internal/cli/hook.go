package cli

import (
	"github.com/spf13/cobra"
)

const hookLong = `Hook keeps keys out of commits and pushes. Once installed it runs by itself: silent
when nothing is found, and with a way on for each key when something is.

It is offline. It asks no issuer, records nothing, and changes nothing.`

const hookInstallLong = `Install puts hooks where git looks for them: the repository's hooks directory, or the
one that core.hooksPath names. A hook that is there already is kept, under its name with
.before-quash added, and runs first; when it fails, git stops as before.

With --global it serves all repositories of this user: through core.hooksPath of the
user's git configuration, in a directory that hands every kind of hook on to the
repository's own.

Installing again is harmless. uninstall puts everything back as it was.`

const preCommitLong = `Pre-commit is run by git before a commit. It reads the index, not the work tree, and
stops the commit when that adds a key: a file is read whole, so that a key may begin on a
line that was there before, but only keys on lines that the commit adds count. Moving,
renaming, indenting a file and changing its line ends add nothing. In a merge it is what
the merge adds to the branch that is checked out.

.quashignore and .quash.yaml count as they are staged; where the index has none, as they
stand in the work tree.

EXIT STATUS
  0  nothing found: the commit goes on
  1  keys found: the commit is stopped
  2  usage or configuration
  3  something that is staged could not be read`

const prePushLong = `Pre-push is run by git before a push, with a line for each reference on standard input.
It reads what the push brings to the remote: of each new commit the message and the files
that it changes. Deletions bring nothing; for a new branch it is what no branch of the
remote has; for a forced push, what the new commits bring.

.quashignore and .quash.yaml count as the last commit that is pushed has them; where it
has none, as they stand in the work tree.

EXIT STATUS as of pre-commit.`

const preReceiveLong = `Pre-receive is run by git on a server before it accepts a push, with a line for each
reference on standard input. It reads what no reference had before, inside the
quarantine, and refuses the push when there is a key in it.

EXIT STATUS as of pre-commit.`

// newHook groups the commands that git's hooks are made of, and those that install them.
func newHook(g *globals) *cobra.Command {
	cmd := &cobra.Command{Use: "hook", Short: "keep keys out of commits and pushes", Long: hookLong, Args: noArgs, RunE: showHelp}
	cmd.AddCommand(newHookInstall(g), newHookUninstall(g), newHookDoctor(g))
	for _, h := range hookKinds() {
		cmd.AddCommand(newHookCheck(g, h))
	}
	return cmd
}

// newHookCheck makes the command that a hook of git runs.
func newHookCheck(g *globals, h hookKind) *cobra.Command {
	cmd := &cobra.Command{
		Use: h.name, Short: "run by git: " + h.short, Long: h.long, Args: someArgs(0, 2, "what git gives its hook, a remote and its URL at most"),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		defer lean()()
		return (&check{g: g, cmd: cmd, kind: h, started: g.env.Now()}).run(cmd.Context(), args)
	}
	return cmd
}

func newHookInstall(g *globals) *cobra.Command {
	var global bool
	var kinds kindFlags
	cmd := &cobra.Command{Use: "install", Short: "install hooks in a repository, or for all", Long: hookInstallLong, Args: noArgs}
	cmd.Flags().BoolVar(&global, "global", false, "for all repositories of this user, through core.hooksPath")
	kinds.flags(cmd.Flags(), "install only this hook (default: pre-commit and pre-push)")
	undo := cmd.Flags().Bool("uninstall", false, "the same as quash hook uninstall")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		in := installer{g: g, git: hookGit{}, global: global}
		if *undo {
			return usage(in.uninstall(cmd.Context()))
		}
		return usage(in.install(cmd.Context(), kinds.chosen()))
	}
	return cmd
}

func newHookUninstall(g *globals) *cobra.Command {
	var global bool
	cmd := &cobra.Command{Use: "uninstall", Short: "take the hooks out and put back what was there", Args: noArgs}
	cmd.Flags().BoolVar(&global, "global", false, "those for all repositories of this user")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		in := installer{g: g, git: hookGit{}, global: global}
		return usage(in.uninstall(cmd.Context()))
	}
	return cmd
}
