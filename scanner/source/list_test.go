package source

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestListedAsByPackageOS: a directory that takes several calls of the kernel, with files, directories, links and names of all lengths.
func TestListedAsByPackageOS(t *testing.T) {
	dir := t.TempDir()
	for i := range 900 {
		name := filepath.Join(dir, fmt.Sprintf("%s-%d", strings.Repeat("n", i%200), i))
		var err error
		switch i % 9 {
		case 0:
			err = os.Mkdir(name, 0o700)
		case 1:
			err = os.Symlink("nowhere", name)
		default:
			err = os.WriteFile(name, nil, 0o600)
		}
		if err != nil {
			t.Skip(err)
		}
	}
	var list lister
	for _, path := range []string{"", "a/b"} {
		want, err := listPortable(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := list.entries(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(dirEntry{})); diff != "" {
			t.Fatal(diff)
		}
	}
	if got, err := list.entries(filepath.Join(dir, "none"), ""); len(got) > 0 || !os.IsNotExist(err) {
		t.Errorf("of no directory: %v, %v", got, err)
	}
}
