package cli

import (
	"testing"

	"github.com/quash-sh/quash/scanner"
)

func TestSeeingAPlaceInHistory(t *testing.T) {
	for path, want := range map[string]string{
		"a/b.env":                    "git -C /r show 0123456789ab:a/b.env",
		"wow!.txt":                   "git -C /r show '0123456789ab:wow!.txt'",
		"lib/a.zip!conf/x.env":       "git -C /r show 0123456789ab:lib/a.zip > 0123456789ab-a.zip\n    and then unpack 0123456789ab-a.zip: it is in conf/x.env",
		"b.TGZ!inner.jar!app.config": "git -C /r show 0123456789ab:b.TGZ > 0123456789ab-b.TGZ\n    and then unpack 0123456789ab-b.TGZ: it is in inner.jar!app.config",
	} {
		at := scanner.Location{Commit: "0123456789abcdef", Path: path}
		if got := seeing("/r", at); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", path, got, want)
		}
	}
}
