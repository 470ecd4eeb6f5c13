package revoker

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestG18KillFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "STOP")
	kill := KillFile(path)
	if err := kill(t.Context()); err != nil {
		t.Errorf("no file: %v", err)
	}
	write(t, path, nil)
	mustHave(t, kill(t.Context()), "STOP", "exists", "remove it")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := kill(t.Context()); err != nil {
		t.Errorf("file removed: %v", err)
	}
	mustHave(t, KillFile(filepath.Join(dir, "gone", "STOP"))(t.Context()), "cannot be read", "counts as on")
	write(t, path, nil)
	mustHave(t, KillFile(filepath.Join(path, "STOP"))(t.Context()), "counts as on")
}

func TestG18KillEnv(t *testing.T) {
	for value, stops := range map[string]bool{"": false, "0": false, "False": false, "off": false, "no": false, "1": true, "yes": true, "whatever": true} {
		err := KillEnv("QUASH_STOP", func(string) (string, bool) { return value, value != "" })(t.Context())
		if (err != nil) != stops {
			t.Errorf("%q: %v", value, err)
		}
	}
}

func TestG18KillAny(t *testing.T) {
	on := errors.New("on")
	off := KillEnv("X", func(string) (string, bool) { return "", false })
	if err := KillAny(off, func() KillSwitch { return KillFile(filepath.Join(t.TempDir(), "STOP")) }())(t.Context()); err != nil {
		t.Error(err)
	}
	last := KillEnv("QUASH_STOP", func(string) (string, bool) { return "1", true })
	mustHave(t, KillAny(off, last)(t.Context()), "QUASH_STOP", "unset it")
	if err := KillAny()(t.Context()); err != nil {
		t.Error(errors.Join(on, err))
	}
}
