package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/quash-sh/quash/scanner"
)

func TestSeeingAPlaceInHistory(t *testing.T) {
	for path, want := range map[string]string{
		"a/b.env":                    "git -C /r show 0123456789ab:a/b.env",
		"wow!.txt":                   "git -C /r show '0123456789ab:wow!.txt'",
		"lib/a.zip!conf/x.env":       "git -C /r show 0123456789ab:lib/a.zip > 0123456789ab-a.zip\n    and then unpack 0123456789ab-a.zip: it is in conf/x.env",
		"b.psd!lfs/b.psd":            "git -C /r show 0123456789ab:b.psd | git -C /r lfs smudge",
		"b.zip!lfs/b.zip!x.env":      "git -C /r show 0123456789ab:b.zip | git -C /r lfs smudge > 0123456789ab-b.zip\n    and then unpack 0123456789ab-b.zip: it is in x.env",
		"b.TGZ!inner.jar!app.config": "git -C /r show 0123456789ab:b.TGZ > 0123456789ab-b.TGZ\n    and then unpack 0123456789ab-b.TGZ: it is in inner.jar!app.config",
	} {
		at := scanner.Location{Commit: "0123456789abcdef", Path: path}
		if got := seeing("/r", at); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", path, got, want)
		}
	}
}

// TestSeeingAPlaceInASubmodule: git is run in the submodule, or in the repository that is kept of it.
func TestSeeingAPlaceInASubmodule(t *testing.T) {
	top := filepath.Join(t.TempDir(), "shop")
	if err := os.MkdirAll(filepath.Join(top, "vendor/pay/.git"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][3]string{
		{"vendor/pay", "vendor/pay/b.env", "git -C " + top + "/vendor/pay show 0123456789ab:b.env"},
		{top + "/vendor/pay", "vendor/pay/b.env", "git -C " + top + "/vendor/pay show 0123456789ab:b.env"},
		{".git/modules/pay", "vendor/pay/b.env", "git -C " + top + "/.git/modules/pay show ba98"},
		{top + "/.git/modules/pay", "vendor/pay/b.env", "git -C " + top + "/.git/modules/pay show ba98"},
		{"shop", "shop/b.env", "git -C " + top + " show 0123456789ab:shop/b.env"},
		{".", "a/b.env", "git -C " + top + " show 0123456789ab:a/b.env"},
		{"acme/x", "x/b.env", "git -C " + top + " show 0123456789ab:x/b.env"},
	} {
		at := scanner.Location{Commit: "0123456789abcdef", Blob: "ba98", Repository: c[0], Path: c[1]}
		if got := seeing(top, at); got != c[2] {
			t.Errorf("%s %s:\n%s\nwant\n%s", c[0], c[1], got, c[2])
		}
	}
}

// TestSeeingAPlaceInABundle: what stands in a file that is a repository, or holds one, is cloned first.
func TestSeeingAPlaceInABundle(t *testing.T) {
	bundle := filepath.Join(t.TempDir(), "a.bundle")
	if err := os.WriteFile(bundle, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const commit = "0123456789abcdef"
	for _, c := range []struct {
		target string
		at     scanner.Location
		want   string
	}{
		{
			bundle, scanner.Location{Commit: commit, Repository: bundle, Path: "b.env"},
			"git clone --mirror " + bundle + " found.git\n    and then git -C found.git show 0123456789ab:b.env",
		},
		{
			bundle, scanner.Location{Commit: commit, Repository: bundle, Field: "message"},
			"git clone --mirror " + bundle + " found.git\n    and then git -C found.git show 0123456789ab",
		},
		{
			"/r", scanner.Location{Commit: commit, Repository: "lib/x.bundle", Path: "lib/x.bundle!b.env"},
			"git clone --mirror lib/x.bundle found.git\n    and then git -C found.git show 0123456789ab:b.env",
		},
		{
			"/r/x.zip", scanner.Location{Commit: commit, Repository: "x.zip!project.bundle", Path: "x.zip!project.bundle!a.zip!c"},
			"unpack x.zip, then in it\n    git clone --mirror project.bundle found.git\n    and then git -C found.git show 0123456789ab:a.zip > 0123456789ab-a.zip\n" +
				"    and then unpack 0123456789ab-a.zip: it is in c",
		},
	} {
		if got := seeing(c.target, c.at); got != c.want {
			t.Errorf("%+v:\n%s\nwant\n%s", c.at, got, c.want)
		}
	}
}
