package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newMan(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "man FOLDER", Short: "write the manual pages into a folder", Args: someArgs(1, 1, "one folder"),
		Long: "Man writes a manual page for every command into a folder, for packages: quash.1, quash-scan.1 …",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return usage(fmt.Errorf("write manual pages: %w; name a folder that can be made", err))
			}
			now := g.env.Now()
			header := &doc.GenManHeader{Title: "QUASH", Section: "1", Date: &now, Source: "quash " + Version(), Manual: "quash"}
			cmd.Root().DisableAutoGenTag = true
			if err := doc.GenManTree(cmd.Root(), header, args[0]); err != nil {
				return usage(fmt.Errorf("write manual pages: %w; name a folder that can be written", err))
			}
			return nil
		},
	}
}
