package cli

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/quash-sh/quash/cmd/quash/internal/config"
	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source"
)

// open makes what the job works with. It opens no connection.
func (o *orgRun) open() error {
	github, access, err := o.g.github(o.config, o.flags.app)
	if err != nil {
		return err
	}
	o.github = github
	cache := o.flags.cache
	if cache == "" {
		cache = o.cacheDir()
	}
	disk, err := parseSize(o.flags.disk)
	if err != nil {
		return err
	}
	git, err := exec.LookPath("git")
	if err != nil {
		o.g.note("the git program is not installed; mirrors are fetched by quash itself, which is slower")
	}
	mirrors, err := forge.OpenMirrors(forge.MirrorOptions{
		Dir: cache, Git: git, Env: o.g.env.LookupEnv, Access: access, Refs: o.flags.refs, MaxDisk: disk, Clock: o.g.env.clock(),
	})
	if err != nil {
		return err
	}
	// The folder of the mirrors is ours and has no .quashignore; a repository's own is not read.
	if o.lists, err = o.g.allowLists(cache, o.flags.scan.baseline); err != nil {
		return err
	}
	return o.prepareSweep(mirrors, git)
}

// cacheDir is the default folder of the mirrors.
func (o *orgRun) cacheDir() string {
	dir := o.g.env.getenv("XDG_CACHE_HOME")
	if dir == "" {
		dir = filepath.Join(o.g.env.getenv("HOME"), ".cache")
	}
	return filepath.Join(dir, "quash", "mirrors")
}

// prepareSweep compiles the rules. What is known and let stand is taken out when findings are reported, so that another
// baseline makes nothing be read again.
func (o *orgRun) prepareSweep(mirrors *forge.Mirrors, git string) error {
	c, s := o.run.config, &o.flags.scan
	idKey, err := c.Secret("id_key", c.IDKey, o.g.env.getenv)
	if err != nil {
		return err
	}
	so := scanner.Options{
		KeepAllowed: true, IDKey: idKey, Only: s.only, Skip: slices.Concat(s.skip, c.Scan.Skip), Progress: o.bar.chunk, Exclude: source.Excludes(c.Scan.Exclude),
	}
	if so.MinConfidence, err = s.confidence(c.Scan, config.Scan{}); err != nil {
		return err
	}
	sc, err := scanner.New(o.set, so)
	if err != nil {
		return err
	}
	// The ID of a known key stands for the ID key.
	probe := sc.ID(&rules.Rule{Family: "quash org"}, scanner.NewSecret("probe"))
	options, err := json.Marshal([]any{Version(), o.set.Version(), so.Only, so.Skip, so.MinConfidence, c.Scan.Exclude, s.maxFile, probe})
	if err != nil {
		return err
	}
	o.sweep = &forge.Sweep{
		Mirrors: mirrors, Scanner: sc, Source: source.Options{MaxFile: s.maxFile, Git: git}, Options: fmt.Sprintf("%x", sha256.Sum256(options)),
		Jobs: s.workers, Clock: o.g.env.clock(), Clean: o.g.cleaner.place,
		Learn:    func(f scanner.Finding) { o.g.env.Redactor.Add(f.Parts) },
		Progress: func(done, total int) { o.bar.source(source.Progress{Stage: "repositories", Done: done, Total: total}) },
	}
	return nil
}

// sizeUnits are the units of sizes.
var sizeUnits = []struct {
	name  string
	bytes int64
}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}}

// parseSize reads a size such as 20GB; 0 when it is empty.
func parseSize(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	for _, u := range sizeUnits {
		if number, ok := strings.CutSuffix(text, u.name); ok {
			n, err := strconv.ParseInt(number, 10, 32)
			if err == nil && n > 0 {
				return n * u.bytes, nil
			}
			break
		}
	}
	return 0, errors.New("--max-disk: not a size; write it like 20GB or 500MB")
}
