package cli

import (
	"github.com/quash-sh/quash/scanner"
	"github.com/spf13/cobra"
)

// EachCommand visits every command of the program but the root.
func EachCommand(visit func(*cobra.Command)) {
	e := System()
	e.Args, e.Redactor = nil, &scanner.Redactor{}
	root := newRoot(e, newCleaner(e))
	root.InitDefaultHelpCmd()
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		for _, sub := range cmd.Commands() {
			sub.InheritedFlags() // merges the root's flags in
			visit(sub)
			walk(sub)
		}
	}
	walk(root)
}
