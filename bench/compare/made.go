package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"strconv"
	"strings"
)

// The shape of a made repository: directories of files, of each of which every version but the first replaces a part of the lines
// of the one before. A directory takes about madeDirectory bytes of a pack.
const (
	madeFiles     = 64
	madeVersions  = 8
	madeLines     = 1000
	madeReplaced  = 200
	madeRun       = 5 // lines that are replaced together
	madeDirectory = 2_870_000
	madeWords     = 4000
)

// madeKeywords are words that rules look for, as often beside no key as they are in programs.
var madeKeywords = []string{"key", "token", "secret", "password", "auth", "client", "bearer", "https://"}

// makeRepository makes a bare repository whose pack has about so many megabytes: text with deltas, the same each time.
func makeRepository(ctx context.Context, dir, megabytes string) error {
	n, err := strconv.Atoi(megabytes)
	if err != nil || n < 1 {
		return fmt.Errorf("%q: %w", "made:"+megabytes, errMode)
	}
	if _, err := output(ctx, dir, "git", "init", "-q", "--bare", "-b", "main", "."); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "git", "-c", "pack.compression=1", "fast-import", "--quiet", "--max-pack-size=100g", "--force")
	cmd.Dir = dir
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	var problem strings.Builder
	cmd.Stderr = &problem
	if err := cmd.Start(); err != nil {
		return err
	}
	w := bufio.NewWriterSize(in, 1<<20)
	m := newMaker(w)
	for d := range max(1, n*1_000_000/madeDirectory) {
		m.directory(d)
	}
	err = w.Flush()
	in.Close()
	if done := cmd.Wait(); done != nil {
		return fmt.Errorf("git fast-import: %w\n%s", done, problem.String())
	}
	return err
}

// maker writes a history for git fast-import.
type maker struct {
	out    io.Writer
	random *rand.Rand
	words  []string
	mark   int
	time   int
}

func newMaker(out io.Writer) *maker {
	m := &maker{out: out, random: rand.New(rand.NewPCG(1, 2)), words: append([]string(nil), madeKeywords...), time: 1_600_000_000}
	for len(m.words) < madeWords {
		var b strings.Builder
		for range 1 + m.random.IntN(4) {
			b.WriteString([]string{"al", "be", "con", "de", "er", "for", "ing", "lo", "men", "or", "re", "st", "ti", "un", "val"}[m.random.IntN(15)])
		}
		m.words = append(m.words, b.String())
	}
	return m
}

// directory writes the blobs of a directory, the versions of a file one after the other so that each is stored as a delta of the one
// before, and then a commit for each version of all its files.
func (m *maker) directory(d int) {
	first := m.mark + 1
	for range madeFiles {
		lines := m.lines(madeLines)
		m.blob(lines)
		for range madeVersions - 1 {
			for range madeReplaced / madeRun {
				copy(lines[m.random.IntN(madeLines-madeRun):], m.lines(madeRun))
			}
			m.blob(lines)
		}
	}
	for v := range madeVersions {
		m.time += 3600
		fmt.Fprintf(m.out, "commit refs/heads/main\ncommitter A <a@acme.example> %d +0000\ndata 7\nchange\n\n", m.time)
		for f := range madeFiles {
			fmt.Fprintf(m.out, "M 100644 :%d d%d/f%d.txt\n", first+f*madeVersions+v, d, f)
		}
	}
}

func (m *maker) blob(lines []string) {
	m.mark++
	text := strings.Join(lines, "")
	fmt.Fprintf(m.out, "blob\nmark :%d\ndata %d\n%s\n", m.mark, len(text), text)
}

// lines makes lines that look like those of a program.
func (m *maker) lines(n int) []string {
	all := make([]string, n)
	for i := range all {
		var b strings.Builder
		b.WriteString(strings.Repeat("\t", m.random.IntN(4)))
		for range 2 + m.random.IntN(6) {
			// Some words are much more frequent than others.
			b.WriteString(m.words[min(m.random.IntN(madeWords), m.random.IntN(madeWords), m.random.IntN(madeWords))])
			b.WriteString([]string{" ", " ", " = ", ".", "(", ", ", ") ", "_", " \"", "\" "}[m.random.IntN(10)])
		}
		fmt.Fprintf(&b, "%d;\n", m.random.IntN(1000))
		all[i] = b.String()
	}
	return all
}
