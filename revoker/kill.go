package revoker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrStopped is in the chain of every error that a kill switch caused.
var ErrStopped = errors.New("kill switch")

// KillSwitch is asked before every call to an issuer. Nil means go on; an error means stop, whether the switch is on or
// could not be read: it fails closed.
type KillSwitch func(ctx context.Context) error

// KillAny is on when any of the switches is.
func KillAny(switches ...KillSwitch) KillSwitch {
	return func(ctx context.Context) error {
		for _, s := range switches {
			if err := s(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// KillFile is on while the file exists, whatever it holds: "touch FILE" stops every run that reads it. The folder of the
// file must exist; a switch whose folder is gone or unreadable cannot be told from one that is on, so it is on.
func KillFile(path string) KillSwitch {
	return func(context.Context) error {
		_, err := os.Stat(path)
		switch {
		case err == nil:
			return fmt.Errorf("file %q exists; remove it to go on", path)
		case !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("file %q cannot be read, which counts as on: %w", path, err)
		}
		if _, err := os.ReadDir(filepath.Dir(path)); err != nil {
			return fmt.Errorf("folder of file %q cannot be read, which counts as on: %w", path, err)
		}
		return nil
	}
}

// KillEnv is on when the variable has any value but "", "0", "false", "no" and "off". lookup is os.LookupEnv or a like.
func KillEnv(name string, lookup func(string) (string, bool)) KillSwitch {
	return func(context.Context) error {
		value, _ := lookup(name)
		if slices.Contains([]string{"", "0", "false", "no", "off"}, strings.ToLower(strings.TrimSpace(value))) {
			return nil
		}
		return fmt.Errorf("variable %s is set; unset it to go on", name)
	}
}
