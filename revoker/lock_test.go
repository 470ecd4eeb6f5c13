package revoker

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"
)

func TestLockDirRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"", "a/b", "../q-1"} {
		_, err := LockDir(dir).Lock(t.Context(), name)
		mustHave(t, err, "not a plain name")
	}
	file := filepath.Join(dir, "file")
	write(t, file, nil)
	_, err := LockDir(file).Lock(t.Context(), "q-1")
	mustHave(t, err, "lock folder", "writable")
}

func TestLockIsGivenBackWhenNobodyWaits(t *testing.T) {
	lock := LockDir(t.TempDir())
	release, err := lock.Lock(t.Context(), "q-1")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := lock.Lock(ctx, "q-1"); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	release()
	again, err := lock.Lock(t.Context(), "q-1")
	if err != nil {
		t.Fatal(err)
	}
	again()
}

func TestSystemClock(t *testing.T) {
	var clock SystemClock
	before := clock.Now()
	if err := clock.Sleep(t.Context(), time.Millisecond); err != nil || clock.Now().Sub(before) < time.Millisecond {
		t.Errorf("slept %s, %v", clock.Now().Sub(before), err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := clock.Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
