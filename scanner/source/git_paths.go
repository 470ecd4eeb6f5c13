package source

import (
	"slices"
	"strings"
)

// paths numbers the paths of a history; number 0 is the top.
type paths struct {
	nodes []pathNode
	at    map[pathNode]int32
}

// pathNode is the number of a path's last name, in the census, and that of the rest of the path.
type pathNode struct{ parent, name int32 }

func newPaths() paths {
	return paths{nodes: []pathNode{{parent: -1}}, at: map[pathNode]int32{}}
}

func (p *paths) number(parent, name int32) int32 {
	n := pathNode{parent, name}
	if i, ok := p.at[n]; ok {
		return i
	}
	i := int32(len(p.nodes))
	p.nodes = append(p.nodes, n)
	p.at[n] = i
	return i
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

// path returns the path with slashes. names are those of the census.
func (p *paths) path(i int32, names []string) string {
	var parts []string
	for _, n := range p.parts(i) {
		parts = append(parts, names[p.nodes[n].name])
	}
	return strings.Join(parts, "/")
}
