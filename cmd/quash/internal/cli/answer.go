package cli

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
	"github.com/quash-sh/quash/revoker"
	"github.com/spf13/pflag"
)

// answerFlags say how keys are answered.
type answerFlags struct {
	execute  bool
	policy   string
	wait     time.Duration
	exposure string
	by       string
}

func (a *answerFlags) flags(f *pflag.FlagSet) {
	f.BoolVar(&a.execute, "execute", false, "carry out what the policy allows (default: plan only)")
	f.StringVar(&a.policy, "policy", "", "policy file (default: the configuration's)")
	f.DurationVar(&a.wait, "wait", 10*time.Minute, "how long to look for a revoked key's death before giving up for now")
	f.StringVar(&a.exposure, "exposure", "", "who could read the targets: public, internal or local")
	f.StringVar(&a.by, "by", "", "who asks (default: the user's name)")
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

// load checks the flags and reads the policy that is named, or none.
func (a *answerFlags) load(c config.Config) (revoker.Policy, error) {
	switch revoker.Exposure(a.exposure) {
	case "", revoker.ExposurePublic, revoker.ExposureInternal, revoker.ExposureLocal:
	default:
		return revoker.Policy{}, usage(errors.New("--exposure: not known; it is public, internal or local"))
	}
	if a.wait <= 0 {
		return revoker.Policy{}, usage(errors.New("--wait: no time at all; give a duration such as 10m"))
	}
	path := a.policy
	if path == "" {
		path = c.Path(c.Policy)
	}
	if path == "" {
		if a.execute {
			return revoker.Policy{}, usage(errors.New(executeNeedsPolicy))
		}
		return revoker.Policy{}, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return revoker.Policy{}, usage(fmt.Errorf("read policy: %w; name another file with --policy", err))
	}
	p, err := revoker.LoadPolicy(path, data)
	return p, usage(err)
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
