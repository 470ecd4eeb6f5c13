package cli

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
	"github.com/quash-sh/quash/cmd/quash/internal/desk"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
)

// answerFlags say how keys are answered.
type answerFlags struct {
	execute  bool
	policy   string
	wait     time.Duration
	exposure string
	by       string
	atOnce   int
}

func (a *answerFlags) flags(f *pflag.FlagSet) {
	f.BoolVar(&a.execute, "execute", false, "carry out what the policy allows (default: plan only)")
	f.StringVar(&a.policy, "policy", "", "policy file (default: the configuration's)")
	f.DurationVar(&a.wait, "wait", 10*time.Minute, "how long to look for a revoked key's death before giving up for now")
	f.StringVar(&a.exposure, "exposure", "", "who could read the targets: public, internal or local")
	f.StringVar(&a.by, "by", "", "who asks (default: the user's name)")
	f.IntVar(&a.atOnce, "answers", desk.AtOnce, "how many keys are answered at once")
}

// person is who runs the program.
func (a *answerFlags) person(g *globals) string {
	for _, name := range [...]string{a.by, g.env.getenv("QUASH_USER"), g.env.getenv("USER"), g.env.getenv("LOGNAME")} {
		if name != "" {
			return name
		}
	}
	return "unnamed"
}

// check refuses flags that mean nothing.
func (a *answerFlags) check() error {
	switch revoker.Exposure(a.exposure) {
	case "", revoker.ExposurePublic, revoker.ExposureInternal, revoker.ExposureLocal:
	default:
		return errors.New("--exposure: not known; it is public, internal or local")
	}
	switch {
	case a.wait <= 0:
		return errors.New("--wait: no time at all; give a duration such as 10m")
	case a.atOnce <= 0:
		return errors.New("--answers: no key at all; give a number such as 8")
	}
	return nil
}

// order checks the flags and reads the policy that is named, or none. It says nothing of the keys yet.
func (a *answerFlags) order(c config.Config) (desk.Order, error) {
	o := desk.Order{Execute: a.execute, Wait: a.wait}
	if err := a.check(); err != nil {
		return o, usage(err)
	}
	if a.exposure != "" {
		o.Exposure = func(scanner.ID) revoker.Exposure { return revoker.Exposure(a.exposure) }
	}
	path := a.policy
	if path == "" {
		path = c.Path(c.Policy)
	}
	switch {
	case path == "" && a.execute:
		return o, usage(errors.New(executeNeedsPolicy))
	case path == "":
		return o, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return o, usage(fmt.Errorf("read policy: %w; name another file with --policy", err))
	}
	o.Policy, err = revoker.LoadPolicy(path, data)
	return o, usage(err)
}

// about adds to an order what the run knows of its keys.
func (r *run) about(o desk.Order) desk.Order {
	places := r.places()
	o.Exposed = func(id scanner.ID) time.Time { return desk.FirstExposed(places[id]) }
	if o.Exposure == nil {
		exposures := map[scanner.ID]revoker.Exposure{}
		for i, f := range r.findings {
			exposures[f.ID] = desk.Widest(exposures[f.ID], r.from[i].exposure())
		}
		o.Exposure = func(id scanner.ID) revoker.Exposure { return exposures[id] }
	}
	return o
}

const executeNeedsPolicy = `--execute needs a policy: --policy policy.yaml. It says whose keys may be revoked, and when:

  schema: quash.policy/1
  owners:
    - {provider: agiled, owner: Acme GmbH}     # as quash respond, without --execute, shows the owner
  rules:
    - name: our own Agiled keys
      match: {provider: agiled}
      mode: approve                            # a second person approves the plan; auto: nobody is asked

       → write one, then say --policy policy.yaml`
