package forge

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestListing(t *testing.T) {
	ctx, end := context.WithCancelCause(t.Context())
	l := &listing{most: 10, stop: end}
	if _, err := l.Write([]byte("0123456789")); err != nil || ctx.Err() != nil || string(l.text) != "0123456789" {
		t.Errorf("%v, %v, %q", err, ctx.Err(), l.text)
	}
	var f *failure
	if _, err := l.Write([]byte("x")); !errors.As(err, &f) || !errors.As(context.Cause(ctx), &f) || !f.lasting {
		t.Errorf("%v, %v", err, context.Cause(ctx))
	}
}

// TestWatch: a fetch that brings more than it may is ended, and no other.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "objects", "pack", "tmp_pack_x")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	w := &watch{patience: 2 * time.Second, most: 100}
	ctx, unwatch := w.over(t.Context(), dir)
	defer unwatch()
	if err := os.WriteFile(file, make([]byte, 100), 0o600); err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Millisecond)
	if ctx.Err() != nil {
		t.Error(context.Cause(ctx))
	}
	if err := os.WriteFile(file, make([]byte, 101), 0o600); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	var f *failure
	if !errors.As(context.Cause(ctx), &f) || f.why != "more than 100 bytes came and no end" {
		t.Errorf("%v", context.Cause(ctx))
	}
}
