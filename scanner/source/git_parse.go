package source

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// The modes of tree entries.
const (
	modeTree    = 0o40000
	modeSymlink = 0o120000
	modeLink    = 0o160000 // a submodule's commit
)

// treeEntry is an entry of a tree object.
type treeEntry struct {
	mode uint32
	name []byte
	id   pack.ID
	raw  []byte
}

var errTree = errors.New("damaged tree")

// nextEntry reads the first entry of a tree: mode in octal, a space, the name, a zero byte, the object name of hash bytes.
func nextEntry(tree []byte, hash int) (e treeEntry, rest []byte, err error) {
	end := bytes.IndexByte(tree, 0)
	if end < 0 || len(tree) < end+1+hash {
		return e, nil, errTree
	}
	space := bytes.IndexByte(tree[:end], ' ')
	if space < 1 || space > 7 || space+1 == end {
		return e, nil, errTree
	}
	for _, c := range tree[:space] {
		if c < '0' || c > '7' {
			return e, nil, errTree
		}
		e.mode = e.mode<<3 | uint32(c-'0')
	}
	e.name = tree[space+1 : end]
	e.id = pack.MakeID(tree[end+1 : end+1+hash])
	e.raw = tree[:end+1+hash]
	return e, tree[end+1+hash:], nil
}

// commit is what a commit object says.
type commit struct {
	tree    pack.ID
	parents []pack.ID
	author  signature
	when    int64 // the committer's time, in seconds since 1970
	message []byte
	merged  []byte // signed tags that were merged: their objects, one behind the other; nil where there are none
}

// signature says who wrote something, and when.
type signature struct {
	name, email string
	time        time.Time // in UTC; zero when it is damaged
}

// tag is what an annotated tag says.
type tag struct {
	object  pack.ID
	name    string
	tagger  signature
	message []byte
}

// parseCommit reads a commit object. Headers that it does not know (signatures) are passed over.
func parseCommit(data []byte) (commit, error) {
	var c commit
	var err error
	tag := false // the header is that of a tag, whose lines go on with a space before each
	c.message = headers(data, func(key, value []byte) {
		if tag = string(key) == "mergetag" || len(key) == 0 && tag; tag {
			c.merged = append(append(c.merged, value...), '\n')
		}
		switch string(key) {
		case "tree":
			id, e := pack.ParseID(value)
			c.tree, err = id, errors.Join(err, e)
		case "parent":
			id, e := pack.ParseID(value)
			c.parents, err = append(c.parents, id), errors.Join(err, e)
		case "author":
			c.author = parseSignature(string(value))
		case "committer":
			if t := parseSignature(string(value)).time; !t.IsZero() {
				c.when = t.Unix()
			}
		}
	})
	if err == nil && c.tree.IsZero() {
		err = errors.New("damaged commit: it names no tree")
	}
	return c, err
}

// parseTag reads a tag object.
func parseTag(data []byte) (tag, error) {
	var t tag
	var err error
	t.message = headers(data, func(key, value []byte) {
		switch string(key) {
		case "object":
			t.object, err = pack.ParseID(value)
		case "tag":
			t.name = string(value)
		case "tagger":
			t.tagger = parseSignature(string(value))
		}
	})
	if err == nil && t.object.IsZero() {
		err = errors.New("damaged tag: it names no object")
	}
	return t, err
}

// headers calls fn for each header line and returns the message, which follows an empty line. A line that goes on has no key.
func headers(data []byte, fn func(key, value []byte)) (message []byte) {
	for len(data) > 0 {
		var line []byte
		line, data, _ = bytes.Cut(data, []byte("\n"))
		if len(line) == 0 {
			return data
		}
		if key, value, ok := bytes.Cut(line, []byte(" ")); ok {
			fn(key, value)
		}
	}
	return nil
}

// parseSignature reads `Ann Lee <ann@acme.example> 1772186400 +0100`.
func parseSignature(s string) signature {
	var sig signature
	open, end := strings.IndexByte(s, '<'), strings.LastIndexByte(s, '>')
	if open < 0 || end < open {
		sig.name = strings.TrimSpace(s)
		return sig
	}
	sig.name, sig.email = strings.TrimSpace(s[:open]), strings.TrimSpace(s[open+1:end])
	seconds, _, _ := strings.Cut(strings.TrimSpace(s[end+1:]), " ")
	// What lies beyond the year 9999 cannot be written in RFC 3339.
	if n, err := strconv.ParseInt(seconds, 10, 64); err == nil && n >= 0 && n < 253402300800 {
		sig.time = time.Unix(n, 0).UTC()
	}
	return sig
}
