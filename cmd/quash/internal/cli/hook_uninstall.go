package cli

import (
	"context"
	"os"
	"path/filepath"
)

// uninstall takes out every hook of ours and puts back what was there.
func (in installer) uninstall(ctx context.Context) error {
	if in.global {
		return in.uninstallGlobal(ctx)
	}
	dirs := map[string]bool{}
	for _, find := range []func(context.Context) (string, error){in.git.hooksDir, in.git.ownDir} {
		dir, err := find(ctx)
		if err != nil {
			return err
		}
		dirs[dir] = true
	}
	if ours, err := in.globalDir(); err == nil {
		delete(dirs, ours) // that is for --global
	}
	n := 0
	for dir := range dirs {
		found, err := in.takeOut(dir)
		if err != nil {
			return err
		}
		n += found
	}
	if n == 0 {
		return in.say("no hook of quash is installed in this repository")
	}
	return nil
}

func (in installer) uninstallGlobal(ctx context.Context) error {
	ours, err := in.globalDir()
	if err != nil {
		return err
	}
	set, err := in.git.ask(ctx, "config", "--global", "--type=path", "--get", globalKey)
	switch {
	case err != nil:
		return err
	case set == "":
		return in.say("%s of your git configuration is not set: nothing is installed for all repositories", globalKey)
	case filepath.Clean(set) != ours:
		_, err := in.takeOut(set)
		return err
	}
	if _, err := in.git.ask(ctx, "config", "--global", "--unset", globalKey); err != nil {
		return err
	}
	for _, name := range append(handedOn(), names(hookKinds())...) {
		if state, err := lookAt(filepath.Join(ours, name)); err == nil && state.ours {
			err = os.Remove(state.path)
			if err != nil {
				return hookFailed(err)
			}
		}
	}
	_ = os.Remove(ours) // what somebody else put there stays
	return in.say("taken out of all repositories: %s of your git configuration is unset", globalKey)
}

// takeOut removes the hooks of ours in a directory and puts back what was there before.
func (in installer) takeOut(dir string) (n int, err error) {
	for _, h := range hookKinds() {
		done, err := takeOutOne(filepath.Join(dir, h.name))
		if err != nil {
			return n, hookFailed(err)
		}
		if done == "" {
			continue
		}
		n++
		if err := in.say("%s", done); err != nil {
			return n, err
		}
	}
	return n, nil
}

// takeOutOne removes a hook of ours, also from where pre-commit's framework put it, and says what was done; nothing where there is
// none. The framework may itself be what was there before: it is not put beside itself.
func takeOutOne(path string) (done string, err error) {
	now, err := lookAt(path)
	if err != nil {
		return "", err
	}
	before, err := lookAt(path + beforeSuffix)
	if err != nil {
		return "", err
	}
	if !now.ours && now.framework {
		if now, err = lookAt(path + ".legacy"); err != nil {
			return "", err
		}
		if before.framework && now.ours {
			if err := os.Remove(before.path); err != nil {
				return "", err
			}
			before.there = false
		}
	}
	switch {
	case !now.ours:
		return "", nil
	case before.there:
		return "taken out: " + now.path + "; the hook that was there is back", os.Rename(before.path, now.path)
	}
	return "taken out: " + now.path, os.Remove(now.path)
}
