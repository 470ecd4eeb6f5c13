package cli_test

import (
	"bytes"
	"context"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/quash-sh/quash/cmd/quash/internal/cli"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// G8: keys do not travel in argv. A key that is given there all the same is refused, and no output repeats it: not as an
// argument of any command, and not as the value of any flag.
func TestG08KeysNotInArgv(t *testing.T) {
	w := newWorld(t)
	rnd := rand.New(rand.NewPCG(1, 3))
	keys := map[string]string{
		"without a form": w.key("Warehouse sync - production - Ops").Token,
		"github-pat":     w.rule("github-pat").Sample(rnd).Token,
		"sendgrid":       w.rule("sendgrid-api-key").Sample(rnd).Token,
		"database-url":   "postgres://svc:" + w.rule("database-url").Sample(rnd).Token + "@db.acme.example/x",
	}
	few := w.write("few.toml", "[[rules]]\nid = 'acme'\nregex = 'acme_[a-z]{20}'\nkeywords = ['acme_']\n")
	if testing.Short() {
		maps.DeleteFunc(keys, func(name, _ string) bool { return name != "github-pat" })
	}
	for name, key := range keys {
		c := newCanaries()
		secret := strings.TrimPrefix(strings.TrimSuffix(key, "@db.acme.example/x"), "postgres://svc:")
		c.add(name, secret, len("ghp_"))
		try := func(want int, args ...string) {
			t.Helper()
			r := w.run(append(args, "--log-level", "trace")...)
			if what := c.in([]byte(r.out + r.err)); what != "" {
				t.Errorf("quash %s … repeats %s", strings.Join(args[:len(args)-1], " "), what)
			}
			if want >= 0 && r.code != want {
				t.Errorf("quash %s: exit %d, want %d: %s", strings.ReplaceAll(strings.Join(args, " "), key, "KEY"), r.code, want, r.err)
			}
		}
		cli.EachCommand(func(cmd *cobra.Command) {
			path := strings.Fields(cmd.CommandPath())[1:]
			code := 2
			switch path[0] {
			case "man", "demo": // they make folders
				return
			case "hook": // git gives its arguments
				code = -1
			}
			try(code, append(path, key)...)
			try(code, append(path, "--", key)...)
			try(2, append(path, "--"+key)...)
			try(2, append(path, "-"+key)...)
			try(-1, append(path, "--help", key)...)
			if cmd.CommandPath() == "quash rules test" { // of the built-in ones it takes its time
				path = append(path, few)
			}
			if path[0] == "hook" || path[0] == "serve" { // they would begin their work
				return
			}
			cmd.Flags().VisitAll(func(f *pflag.Flag) {
				switch f.Name {
				case "log-level", "state", "output", "file", "plan", "cache", "coverage": // what they name is made
				default:
					try(-1, append(path, "--"+f.Name+"="+key)...)
				}
			})
		})
		try(2, key)
		try(2, "help", key)
		try(2, "show", key)
		try(2, "scan", "-o", key)
		if r := w.run("scan", "--log-level="+key); r.code != 2 || c.in([]byte(r.err)) != "" {
			t.Errorf("--log-level: exit %d", r.code)
		}
		try(2, "keys", "rotate", key)
	}
	if sent := w.forget(); len(sent) != 0 {
		t.Errorf("requests left: %v", sent)
	}
}

// Every command explains itself and ends with 0.
func TestHelpOfEveryCommand(t *testing.T) {
	n := 0
	cli.EachCommand(func(cmd *cobra.Command) {
		n++
		path := strings.Fields(cmd.CommandPath())[1:]
		for _, args := range [][]string{append(path, "--help"), append([]string{"help"}, path...)} {
			var out bytes.Buffer
			if code := cli.Run(context.Background(), demoEnv(&out, args...)); code != 0 || !strings.Contains(out.String(), "Usage:\n  quash") {
				t.Errorf("quash %s: exit %d\n%s", strings.Join(args, " "), code, out.String())
			}
		}
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("quash %s: short help %q", strings.Join(path, " "), cmd.Short)
		}
	})
	if n < 20 {
		t.Errorf("only %d commands", n)
	}
}
