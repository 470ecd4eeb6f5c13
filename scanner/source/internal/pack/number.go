package pack

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// Objects in packs have numbers from 0 to Count: those of the first pack first, by name. An object that several packs have
// has the number that the first gives it. Numbers hold as long as the store.

// Count is how many numbers there are.
func (s *Store) Count() int {
	if len(s.packs) == 0 {
		return 0
	}
	last := s.packs[len(s.packs)-1]
	return int(last.first) + last.index.count
}

// Number returns the number of an object, false when no pack has it. Any goroutine may call it.
func (s *Store) Number(id ID) (int32, bool) {
	for _, p := range s.packs {
		if i, ok := p.index.search(id); ok {
			return p.first + int32(i), true
		}
	}
	return 0, false
}

// Kind returns the type of an object, as its pack has it, once Families was called; 0 when it is not known.
func (s *Store) Kind(n int32) Type {
	p := s.of(n)
	if p.kinds == nil {
		return 0
	}
	return p.kinds[n-p.first]
}

// Name returns the object with a number.
func (s *Store) Name(n int32) ID {
	p := s.of(n)
	return MakeID(p.index.name(int(n - p.first)))
}

// of returns the pack that has a number.
func (s *Store) of(n int32) *packed {
	if len(s.packs) == 1 {
		return s.packs[0]
	}
	i, exact := slices.BinarySearchFunc(s.packs, n, func(p *packed, n int32) int { return int(p.first) - int(n) })
	if !exact {
		i--
	}
	for s.packs[i].index.count == 0 { // it begins where the next does
		i++
	}
	return s.packs[i]
}

// Packs names the packs, each by its file's name, which git makes of what it holds, and its length in bytes; a length of -1 is not known.
func (s *Store) Packs() []string {
	all := make([]string, len(s.packs))
	for i, p := range s.packs {
		length := int64(-1)
		if info, err := os.Stat(p.path); err == nil {
			length = info.Size()
		}
		all[i] = fmt.Sprintf("%s %d", filepath.Base(p.path), length)
	}
	return all
}

// Only returns a store of those packs alone that have one of the names which Packs gives. It looks objects up and reads none.
func (s *Store) Only(names []string) *Store {
	some := &Store{hash: s.hash}
	for i, name := range s.Packs() {
		if slices.Contains(names, name) {
			some.packs = append(some.packs, s.packs[i])
		}
	}
	return some
}

// number gives each pack its first number.
func (s *Store) number() {
	var first int32
	for _, p := range s.packs {
		p.first = first
		first += int32(p.index.count)
	}
}
