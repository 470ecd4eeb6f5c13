package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func newMan(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "man FOLDER", Short: "write the manual pages into a folder", Args: someArgs(1, 1, "one folder"),
		Long: "Man writes a manual page for every command into a folder, for packages: quash.1, quash-scan.1 …",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return usage(fmt.Errorf("write manual pages: %w; name a folder that can be made", err))
			}
			return usage(writeMan(cmd.Root(), args[0], g.env.Now().UTC().Format("2006-01-02")))
		},
	}
}

// writeMan writes the page of a command and those of the commands under it.
func writeMan(cmd *cobra.Command, folder, date string) error {
	if err := os.WriteFile(filepath.Join(folder, manName(cmd)+".1"), []byte(manPage(cmd, date)), 0o644); err != nil {
		return fmt.Errorf("write manual pages: %w; name a folder that can be written", err)
	}
	for _, sub := range cmd.Commands() {
		if !sub.IsAvailableCommand() {
			continue
		}
		if err := writeMan(sub, folder, date); err != nil {
			return err
		}
	}
	return nil
}

// manName is what the page of a command is called: quash-hook-install.
func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage is the page of a command in the language of man(7).
//
// It is made of what --help shows, line by line. The documentation package of cobra would go through Markdown, and the parser of that
// takes 0.3 ms to be ready at every start of this program, which is every commit that its hook looks at.
func manPage(cmd *cobra.Command, date string) string {
	cmd.InitDefaultHelpFlag()
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %q 1 %q %q quash\n.nh\n", strings.ToUpper(manName(cmd)), date, "quash "+Version())
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(manName(cmd)), roff(cmd.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n.SH DESCRIPTION\n%s", roff(cmd.UseLine()), manText(cmd.Long))
	manFlags(&b, "OPTIONS", cmd.NonInheritedFlags())
	manFlags(&b, "OPTIONS OF ALL COMMANDS", cmd.InheritedFlags())
	var also []string
	if cmd.HasParent() {
		also = append(also, manName(cmd.Parent()))
	}
	for _, sub := range cmd.Commands() {
		if sub.IsAvailableCommand() {
			also = append(also, manName(sub))
		}
	}
	for i, name := range also {
		also[i] = "\\fB" + roff(name) + "\\fP(1)"
	}
	return b.String() + ".SH SEE ALSO\n" + strings.Join(also, ",\n") + "\n"
}

// manText keeps the lines of a help text. One in capitals is a heading, as --help has them.
func manText(text string) string {
	var b strings.Builder
	b.WriteString(".nf\n")
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line != "" && line == strings.ToUpper(line) && !strings.HasPrefix(line, " ") {
			fmt.Fprintf(&b, ".fi\n.SH %s\n.nf\n", roff(line))
			continue
		}
		b.WriteString(roff(line) + "\n")
	}
	return b.String() + ".fi\n"
}

func manFlags(b *strings.Builder, heading string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(b, ".SH %s\n", heading)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		kind, text := pflag.UnquoteUsage(f)
		switch f.DefValue {
		case "", "false", "0", "0s", "[]":
		default:
			text += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(b, ".TP\n%s\n%s\n", strings.TrimSpace("\\fB"+roff(name)+"\\fP "+roff(kind)), roff(text))
	})
}

// roff writes a line so that nothing in it is taken for a request.
func roff(line string) string {
	line = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(line)
	if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
		line = `\&` + line
	}
	return line
}
