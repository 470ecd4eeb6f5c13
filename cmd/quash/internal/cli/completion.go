package cli

import (
	"fmt"
	"strings"

	"github.com/quash-sh/quash/report"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner/source"
	"github.com/spf13/cobra"
)

const completionLong = `Completion prints a script that lets your shell complete quash's commands, flags,
rules and formats. Load it in the running shell, or put it where your shell looks:

  bash        source <(quash completion bash)
              quash completion bash > /etc/bash_completion.d/quash
  zsh         quash completion zsh > "${fpath[1]}/_quash"
  fish        quash completion fish > ~/.config/fish/completions/quash.fish
  powershell  quash completion powershell | Out-String | Invoke-Expression`

func newCompletion(g *globals) *cobra.Command {
	shells := []string{"bash", "fish", "powershell", "zsh"}
	return &cobra.Command{
		Use: "completion SHELL", Short: "print the completion script of a shell", Long: completionLong,
		Args: someArgs(1, 1, "one shell: "+strings.Join(shells, ", ")), ValidArgs: shells,
		RunE: func(cmd *cobra.Command, args []string) error {
			root, w := cmd.Root(), g.env.Stdout
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(w, true)
			case "zsh":
				return root.GenZshCompletion(w)
			case "fish":
				return root.GenFishCompletion(w, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(w)
			}
			return wrong(cmd, "no such shell; it is one of "+strings.Join(shells, ", "))
		},
	}
}

// complete lets shells complete the values of flags that take one of a few, on a command and those below it.
func complete(cmd *cobra.Command) {
	for name, values := range map[string]func() []string{
		"format":         report.Names,
		"source":         source.Kinds,
		"rule":           ruleIDs,
		"only":           ruleIDs,
		"skip":           ruleIDs,
		"min-confidence": words(rules.Low, rules.Medium, rules.High),
		"exposure":       words("public", "internal", "local"),
		"log-level":      words("trace", "debug", "info", "warn", "error"),
	} {
		if cmd.Flags().Lookup(name) == nil && cmd.PersistentFlags().Lookup(name) == nil {
			continue
		}
		err := cmd.RegisterFlagCompletionFunc(name, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return values(), cobra.ShellCompDirectiveNoFileComp
		})
		if err != nil {
			panic(fmt.Sprintf("completion of --%s: %v", name, err)) // the flag is there
		}
	}
	for _, sub := range cmd.Commands() {
		complete(sub)
	}
}

func words[S ~string](all ...S) func() []string {
	return func() []string {
		var list []string
		for _, s := range all {
			list = append(list, string(s))
		}
		return list
	}
}

// ruleIDs are the ids of the built-in rules.
func ruleIDs() []string {
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		return nil
	}
	var ids []string
	for r := range set.All() {
		ids = append(ids, r.ID)
	}
	return ids
}
