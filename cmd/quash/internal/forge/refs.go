package forge

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Refs are the references of a repository.
type Refs struct {
	// Head is the branch that HEAD stands on ("refs/heads/main"), or its object's name when it stands on none; empty when
	// there is no HEAD.
	Head string
	// Tips are the objects' names by reference, without HEAD.
	Tips map[string]string
}

// Digest names the references: two repositories with the same references have the same digest, and the same history.
func (r Refs) Digest() string {
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%s HEAD\n", r.Head) // a hash does not fail
	for _, name := range slices.Sorted(maps.Keys(r.Tips)) {
		_, _ = io.WriteString(sum, r.Tips[name]+" "+name+"\n")
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// sha256Names reports whether objects have names of SHA-256.
func (r Refs) sha256Names() bool {
	for _, id := range r.Tips {
		return len(id) == 2*sha256.Size
	}
	return false
}

// DefaultRefs are the references that are mirrored: branches, tags, notes, and the heads of pull and merge requests, which
// everybody who may read the repository may read.
var DefaultRefs = []string{"refs/heads/*", "refs/tags/*", "refs/notes/*", "refs/pull/*/head", "refs/merge-requests/*/head"}

// patterns choose references. Each has one star, or none.
type patterns []string

// check refuses what is not a pattern of references.
func (p patterns) check() error {
	for _, s := range p {
		bad := strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`:^~?[\`, r) })
		if !strings.HasPrefix(s, "refs/") || strings.Count(s, "*") > 1 || bad {
			return errors.New("--refs: not a pattern of references; write it like refs/heads/*, with one star")
		}
	}
	return nil
}

// match reports whether a reference is chosen.
func (p patterns) match(name string) bool {
	return slices.ContainsFunc(p, func(s string) bool {
		before, after, star := strings.Cut(s, "*")
		if !star {
			return name == s
		}
		return len(name) >= len(before)+len(after) && strings.HasPrefix(name, before) && strings.HasSuffix(name, after)
	})
}

// specs are the patterns as refspecs that mirror.
func (p patterns) specs() []string {
	var all []string
	for _, s := range p {
		all = append(all, "+"+s+":"+s)
	}
	return all
}

// choose keeps what the patterns choose.
func (p patterns) choose(r Refs) Refs {
	chosen := Refs{Head: r.Head, Tips: map[string]string{}}
	for name, id := range r.Tips {
		if p.match(name) {
			chosen.Tips[name] = id
		}
	}
	return chosen
}
