package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/quash-sh/quash/rules"
	"github.com/spf13/cobra"
)

const rulesImportLong = `Import reads a rule file of gitleaks or betterleaks (TOML) and prints it as a rule file
of quash (YAML), to be looked through and given with --rules. A TOML file can also be
given to --rules as it is.

Whatever is not read, or is read in another way than those tools do, is named on
stderr: file and line, rule, key, what follows from it, what to do. Requests that
validate keys are never read.`

func newRulesImport(g *globals) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use: "import FILE.toml", Short: "read a rule file of gitleaks or betterleaks", Long: rulesImportLong,
		Args: someArgs(1, 1, "one rule file"),
		RunE: func(_ *cobra.Command, args []string) error {
			data, err := os.ReadFile(args[0])
			if err != nil {
				return usage(fmt.Errorf("read rule file: %w", err))
			}
			f, err := g.imported(args[0], data)
			if err != nil {
				return usage(err)
			}
			for _, id := range f.Prove() {
				g.note("%s: no example could be made for %s; write one under examples, or quash refuses the file", args[0], id)
			}
			text, err := f.YAML()
			if err != nil {
				return err
			}
			if out == "" {
				_, err = g.env.Stdout.Write(text)
				return err
			}
			if err := os.WriteFile(out, text, 0o644); err != nil {
				return fmt.Errorf("write rule file: %w", err)
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "write the rules to this file instead of stdout")
	return cmd
}

// addRules adds a rule file to a set: one of ours, or of another tool by its ending.
func (g *globals) addRules(set *rules.Set, path string, data []byte, o rules.Options) (*rules.Set, error) {
	if !isTOML(path) {
		return set.With(path, data, o)
	}
	f, err := g.imported(path, data)
	if err != nil {
		return nil, err
	}
	return set.WithImported(f)
}

func isTOML(path string) bool { return strings.EqualFold(filepath.Ext(path), ".toml") }

// imported reads a rule file of another tool and says what of it was not read.
func (g *globals) imported(path string, data []byte) (*rules.File, error) {
	f, notes, err := rules.Import(path, data, os.ReadFile)
	for _, line := range gathered(notes) {
		g.note("%s", line)
	}
	return f, err
}

// testRules reads a rule file and returns what is wrong with it. One of another tool is read and no more: there is no file, and what
// was not read of it is said and is nothing wrong.
func (g *globals) testRules(path string, o rules.Options) (*rules.File, []rules.Problem, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read rule file: %w", err)
	}
	if !isTOML(path) {
		f, problems := rules.CheckFile(path, data, o)
		return f, problems, nil
	}
	_, err = g.imported(path, data)
	if p := (rules.Problem{}); errors.As(err, &p) {
		return nil, []rules.Problem{p}, nil
	}
	return nil, nil, nil
}

// gathered writes notes as lines, those that say the same of several rules as one that names all of them.
func gathered(notes []rules.Problem) []string {
	type key struct{ file, msg string }
	same := map[key][]rules.Problem{}
	for _, n := range notes {
		same[key{n.File, n.Msg}] = append(same[key{n.File, n.Msg}], n)
	}
	var lines []string
	for _, n := range notes {
		k := key{n.File, n.Msg}
		all := same[k]
		delete(same, k)
		switch len(all) {
		case 0: // said with the first
		case 1:
			lines = append(lines, n.String())
		default:
			places := make([]string, len(all))
			for i, p := range all {
				places[i] = strings.TrimPrefix(fmt.Sprintf("%s:%d", p.Rule, p.Line), ":")
			}
			lines = append(lines, fmt.Sprintf("%s: %s (at %s)", n.File, n.Msg, strings.Join(places, ", ")))
		}
	}
	return lines
}
