package pack

import (
	"os"
	"path/filepath"
	"slices"
)

// Loose lists the objects that are in files of their own and in no pack, by name.
func (s *Store) Loose() []ID {
	var all []ID
	for _, dir := range s.dirs {
		heads, _ := filepath.Glob(filepath.Join(dir, "[0-9a-f][0-9a-f]"))
		for _, head := range heads {
			files, _ := os.ReadDir(head) // one that is gone holds nothing
			for _, f := range files {
				id, err := ParseID(filepath.Base(head) + f.Name())
				if err != nil || len(id.bytes()) != s.hash {
					continue // a file that is being written
				}
				if _, packed := s.Number(id); !packed {
					all = append(all, id)
				}
			}
		}
	}
	slices.SortFunc(all, ID.Compare)
	return slices.Compact(all)
}
