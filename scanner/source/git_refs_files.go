package source

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// References are files below refs, each with the name of an object in it, and lines of the file packed-refs; gitrepository-layout(5).
// They are read here and not by go-git, of which one damaged file gets none of the others, which refuses the links by which work trees
// share references, and which waits for pipes that a hostile repository may have in their place.

const (
	// maxRef bounds the bytes of a file with one reference, maxPackedRefs those of packed-refs.
	maxRef        = 64 << 10
	maxPackedRefs = 512 << 20
	// maxRefDepth is how deep directories of references are followed.
	maxRefDepth = 64
	symbolicRef = "ref:"
)

// refFiles gathers the references of a repository that has them in files.
type refFiles struct {
	common string
	found  map[string]pack.ID
	gaps   []*scanner.Gap
}

// fileRefs lists the references and HEAD. A file that holds neither an object's name nor another reference's is a gap.
func (r *repository) fileRefs() ([]ref, []*scanner.Gap) {
	f := &refFiles{common: r.commonDir, found: map[string]pack.ID{}}
	f.packed()
	f.dir("refs", 0)
	var refs []ref
	for name, id := range f.found {
		refs = append(refs, ref{name, id})
	}
	head, target, err := readRef(filepath.Join(r.gitDir, headName))
	switch id, ok := f.found[target]; {
	case err != nil:
		f.bad(headName, err)
	case target == "":
		refs = append(refs, ref{headName, head})
	case ok:
		refs = append(refs, ref{headName, id})
	}
	return refs, f.gaps
}

func (f *refFiles) bad(name string, err error) { f.gaps = append(f.gaps, brokenRef(name, cause(err))) }

// packed reads packed-refs: comments, lines of an object's name and a reference's, and of what the tag before names.
func (f *refFiles) packed() {
	text, err := pack.ReadRegular(filepath.Join(f.common, "packed-refs"), maxPackedRefs)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.gaps = append(f.gaps, &scanner.Gap{What: "packed-refs", Why: cause(err), Next: "git pack-refs --all, or fetch the repository anew", Err: err})
	}
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 || line[0] == '#' || line[0] == '^' {
			continue
		}
		id, name, _ := strings.Cut(string(line), " ")
		if sum, err := pack.ParseID(id); err != nil || name == "" {
			f.bad("in packed-refs", errors.New("a line names no object"))
		} else {
			f.found[name] = sum
		}
	}
}

// dir reads a directory of references.
func (f *refFiles) dir(name string, depth int) {
	entries, err := os.ReadDir(filepath.Join(f.common, filepath.FromSlash(name)))
	if err == nil && depth > maxRefDepth {
		err = errors.New("directories of references are nested too deep")
	}
	if err != nil {
		f.bad(name, err)
		return
	}
	for _, e := range entries {
		switch path := name + "/" + e.Name(); {
		case e.IsDir():
			f.dir(path, depth+1)
		case !strings.HasSuffix(path, ".lock"): // which is being written
			f.file(path)
		}
	}
}

// file reads a reference, whose file stands before a line of packed-refs. A reference to another adds nothing to that one.
func (f *refFiles) file(name string) {
	id, target, err := readRef(filepath.Join(f.common, filepath.FromSlash(name)))
	switch {
	case errors.Is(err, fs.ErrNotExist): // deleted since, or a link to nothing
	case err != nil:
		f.bad(name, err)
	case target == "":
		f.found[name] = id
	}
}

// readRef reads a reference: an object, or the name of another reference.
func readRef(path string) (id pack.ID, target string, err error) {
	text, err := pack.ReadRegular(path, maxRef)
	if err != nil {
		return id, "", err
	}
	line := strings.TrimSpace(string(text))
	if line == "" {
		return id, "", errors.New("its file is empty")
	}
	if to, ok := strings.CutPrefix(line, symbolicRef); ok {
		return id, strings.TrimSpace(to), nil
	}
	if id, err = pack.ParseID(strings.Fields(line)[0]); err != nil {
		err = errors.New("it names no object")
	}
	return id, "", err
}
