package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// repository makes a repository of so many text files.
func repository(t *testing.T, files int) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir := filepath.Join(t.TempDir(), "shop.git")
	git := func(args ...string) {
		t.Helper()
		if _, err := output(t.Context(), ".", append([]string{"git", "-C", dir, "-c", "user.name=a", "-c", "user.email=b"}, args...)...); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	git("init", "-q")
	for i := range files {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("f%02d.txt", i)), bytes.Repeat([]byte("a line of text\n"), 100), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	git("add", "-A")
	git("commit", "-q", "-m", "begin")
	return dir
}

func TestPrepare(t *testing.T) {
	repo := repository(t, 8)
	for mode, check := range map[string]func(c corpus){
		"dir": func(c corpus) {
			if c.bytes != 8*1500 {
				t.Errorf("dir: %d bytes", c.bytes)
			}
			if _, err := os.Stat(filepath.Join(c.dir, ".git")); !os.IsNotExist(err) {
				t.Errorf("dir: a repository is beside the files: %v", err)
			}
		},
		"history": func(c corpus) {
			if got, err := output(t.Context(), c.dir, "git", "rev-parse", "--is-bare-repository"); got != "true" || err != nil {
				t.Errorf("history: %q, %v", got, err)
			}
		},
		"staged": func(c corpus) {
			got, err := output(t.Context(), c.dir, "git", "diff", "--cached", "--name-only")
			if want := "f02.txt\nf04.txt\nf06.txt"; got != want || err != nil {
				t.Errorf("staged: %q, %v", got, err)
			}
		},
	} {
		c, err := prepare(t.Context(), mode+":"+repo, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if c.files != 8 || c.name != "shop" || len(c.commit) != 10 {
			t.Errorf("%s: %+v", mode, c)
		}
		check(c)
	}
	for spec, want := range map[string]error{"dir": errMode, "tree:" + repo: errMode} {
		if _, err := prepare(t.Context(), spec, t.TempDir()); !errors.Is(err, want) {
			t.Errorf("%q: %v", spec, err)
		}
	}
}

// spin burns CPU in a child of a child, and holds memory in it.
const spin = `sh -c 'x=$(head -c 30000000 /dev/zero | tr "\0" a); i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done' && exit 3`

func TestMeasure(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("memory is measured on Linux only")
	}
	u, err := measure(t.Context(), ".", os.Environ(), []string{"sh", "-c", spin}, []int{3})
	if err != nil {
		t.Fatal(err)
	}
	if u.cpu < 50*time.Millisecond || u.cpu > 2*u.wall+time.Second {
		t.Errorf("CPU of a child: %v in %v", u.cpu, u.wall)
	}
	if u.peak < 25e6 || u.peak > 500e6 {
		t.Errorf("memory of a child: %d bytes", u.peak)
	}
	_, err = measure(t.Context(), ".", os.Environ(), []string{"sh", "-c", "echo why >&2; exit 2"}, []int{0, 3})
	if err == nil || !strings.Contains(err.Error(), "why") {
		t.Errorf("a command that failed: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := measure(ctx, ".", os.Environ(), []string{"sleep", "60"}, []int{0}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a run that was cancelled: %v", err)
	}
}

func TestMedian(t *testing.T) {
	for want, figures := range map[float64][]float64{1: {1}, 2: {1, 3}, 5: {1, 5, 100}} {
		if got := middle(figures); got != want {
			t.Errorf("middle of %v is %v", figures, got)
		}
	}
}

func seconds(all ...float64) []usage {
	var us []usage
	for _, s := range all {
		d := time.Duration(s * float64(time.Second))
		us = append(us, usage{cpu: d, wall: d / 2, peak: 50e6})
	}
	return us
}

func TestTable(t *testing.T) {
	c := comparison{corpus: corpus{mode: "dir", name: "shop", commit: "0123456789", files: 7, bytes: 3e6}, outcomes: []*outcome{
		{tool: tool{name: ours}, usages: seconds(1, 2, 3)},
		{tool: tool{name: "slow"}, usages: seconds(10, 10, 12)},
		{tool: tool{name: "fast"}, usages: seconds(0.5, 0.5, 0.5)},
		{tool: tool{name: "broken"}, failed: "exit status 2"},
	}}
	var out strings.Builder
	writeTable(&out, c)
	want := `
### dir: shop at 0123456789, 7 files, 3.0 MB; 3 rounds

| tool | CPU s | wall s | peak MB | MB per CPU s | CPU of quash : its own (least to most) |
|---|--:|--:|--:|--:|---|
| quash | 2.000 | 1.000 | 50 | 1.5 |  |
| slow | 10.000 | 5.000 | 50 | 0.3 | 1/5.0 (1/10.0 to 1/4.0) |
| fast | 0.500 | 0.250 | 50 | 6.0 | 4.00 (2.00 to 6.00) |
| broken | failed | | | | |
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

// fake is a program that works for a while and notes that it ran.
func fake(t *testing.T, dir, name, body string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n[ \"$1\" != --version ] && [ \"$1\" != version ] || { echo "+name+" 1.2.3; exit; }\n"+body), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// A whole run: the tools take turns, one that is not there is left out and one that fails is named, and no path is in the report.
func TestRun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the tools are shell scripts")
	}
	dir, repo := t.TempDir(), repository(t, 4)
	log := filepath.Join(dir, "log")
	args := []string{"-runs", "2", "-only", "quash,gitleaks,betterleaks,kingfisher"}
	for name, body := range map[string]string{ours: "", "gitleaks": "", "betterleaks": "echo broken >&2; exit 7\n"} {
		args = append(args, "-tool", name+"="+fake(t, dir, name, "echo "+name+" >>"+log+"\n"+body))
	}
	t.Setenv("PATH", justGit(t))
	var out, progress bytes.Buffer
	err := run(t.Context(), append(args, "dir:"+repo), &out, &progress)
	if err == nil || !strings.Contains(progress.String(), "betterleaks failed: exit status 7\nbroken") {
		t.Errorf("%v\n%s", err, progress.String())
	}
	ran, err := os.ReadFile(log)
	if want := "quash\nbetterleaks\ngitleaks\ngitleaks\nquash\ngitleaks\nquash\n"; string(ran) != want || err != nil {
		t.Errorf("ran %q, want %q", ran, want)
	}
	report := out.String()
	for _, want := range []string{"- quash 1.2.3: `quash scan --no-store --no-history CORPUS`", "left out: kingfisher.", "; 2 rounds", "| betterleaks | failed |"} {
		if !strings.Contains(report, want) {
			t.Errorf("no %q in the report:\n%s", want, report)
		}
	}
	if strings.Contains(report, filepath.Dir(repo)) || strings.Contains(report, os.TempDir()) {
		t.Errorf("a path is in the report:\n%s", report)
	}
}

// justGit is a directory with the programs that a run needs and no scanner.
func justGit(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"git", "sh"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skip(err)
		}
		if err := os.Symlink(path, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestUnknownTool(t *testing.T) {
	if _, err := locate(tools(), map[string]string{"other": "x"}); err == nil || !strings.Contains(err.Error(), `"other"`) {
		t.Error(err)
	}
	if _, err := locate(tools(), map[string]string{"gitleaks": filepath.Join(t.TempDir(), "no")}); err == nil {
		t.Error("a program that is not there was taken")
	}
}
