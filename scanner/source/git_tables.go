package source

import (
	"slices"
	"strings"

	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// blobs are the blobs of a history with the places at which each stood.
type blobs struct {
	ids    []pack.ID
	at     map[pack.ID]int32
	first  []int32 // by blob: its first place, or -1
	places []blobPlace
}

// blobPlace says that a blob came to a path with a commit.
type blobPlace struct{ path, commit, next int32 }

// add remembers a place of a blob. Without one (path -1), it remembers the blob.
func (b *blobs) add(id pack.ID, path, commit int32) {
	i, ok := b.at[id]
	if !ok {
		i = int32(len(b.ids))
		b.at[id] = i
		b.ids = append(b.ids, id)
		b.first = append(b.first, -1)
	}
	if path < 0 {
		return
	}
	last, n := int32(-1), 0
	for p := b.first[i]; p >= 0; p = b.places[p].next {
		if b.places[p].path == path {
			return
		}
		last, n = p, n+1
	}
	if n == maxPlaces {
		return
	}
	b.places = append(b.places, blobPlace{path, commit, -1})
	if last < 0 {
		b.first[i] = int32(len(b.places) - 1)
	} else {
		b.places[last].next = int32(len(b.places) - 1)
	}
}

// of returns the places of a blob, the first first.
func (b *blobs) of(id pack.ID) []blobPlace {
	i, ok := b.at[id]
	if !ok {
		return nil
	}
	var all []blobPlace
	for p := b.first[i]; p >= 0; p = b.places[p].next {
		all = append(all, b.places[p])
	}
	return all
}

// paths numbers the paths of a history; number 0 is the top.
type paths struct {
	nodes []pathNode
	at    map[pathNode]int32
}

// pathNode is the last part of a path and the number of the rest.
type pathNode struct {
	parent int32
	name   string
}

func (p *paths) number(parent int32, name []byte) int32 {
	if i, ok := p.at[pathNode{parent, string(name)}]; ok {
		return i
	}
	n := pathNode{parent, string(name)}
	i := int32(len(p.nodes))
	p.nodes = append(p.nodes, n)
	p.at[n] = i
	return i
}

// find returns the number of a path, or -1.
func (p *paths) find(path string) int32 {
	at := int32(0)
	for name := range strings.SplitSeq(path, "/") {
		i, ok := p.at[pathNode{at, name}]
		if !ok {
			return -1
		}
		at = i
	}
	return at
}

// parts returns the numbers from the one below the top to the path itself.
func (p *paths) parts(i int32) []int32 {
	var all []int32
	for ; i > 0; i = p.nodes[i].parent {
		all = append(all, i)
	}
	slices.Reverse(all)
	return all
}

// path returns the path with slashes.
func (p *paths) path(i int32) string {
	var names []string
	for _, n := range p.parts(i) {
		names = append(names, p.nodes[n].name)
	}
	return strings.Join(names, "/")
}
