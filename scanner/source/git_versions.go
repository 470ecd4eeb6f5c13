package source

import (
	"bytes"
	"slices"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// byPath puts blobs that are read under one path one after the other, where the first of them stands.
func (h *history) byPath(ids []pack.ID) []pack.ID {
	first, versions := map[string]int{}, make([][]pack.ID, 0, len(ids))
	for _, id := range ids {
		path := h.read(id)
		i, ok := first[path]
		if !ok || path == "" {
			i = len(versions)
			first[path] = i
			versions = append(versions, nil)
		}
		versions[i] = append(versions[i], id)
	}
	return slices.Concat(versions...)
}

// versions tells of texts that come one after the other what each has in common with the one before: how it begins and how it ends.
type versions struct {
	path   string
	data   []byte
	memo   *scanner.Memo // of data
	spare  *scanner.Memo
	copies [2]scanner.Copy
}

// next returns a chunk that says what is known of a text. It holds until the next one.
func (v *versions) next(path string, data []byte) scanner.Chunk {
	if v.spare == nil {
		v.memo, v.spare = new(scanner.Memo), new(scanner.Memo)
	}
	base := v.memo
	v.memo, v.spare = v.spare, v.memo
	v.memo.Reset()
	c := scanner.Chunk{Memo: v.memo}
	if v.data != nil && v.path == path {
		begin := commonPrefix(v.data, data)
		end := commonSuffix(v.data[begin:], data[begin:])
		v.copies = [2]scanner.Copy{{Len: begin}, {From: len(v.data) - end, To: len(data) - end, Len: end}}
		c.Base, c.Copies = base, slices.DeleteFunc(v.copies[:], func(c scanner.Copy) bool { return c.Len == 0 })
	}
	v.path, v.data = path, data
	return c
}

// block is how many bytes are compared at once.
const block = 1 << 12

func commonPrefix(a, b []byte) int {
	n, i := min(len(a), len(b)), 0
	for n-i >= block && bytes.Equal(a[i:i+block], b[i:i+block]) {
		i += block
	}
	for i < n && a[i] == b[i] {
		i++
	}
	return i
}

func commonSuffix(a, b []byte) int {
	n, i := min(len(a), len(b)), 0
	for n-i >= block && bytes.Equal(a[len(a)-i-block:len(a)-i], b[len(b)-i-block:len(b)-i]) {
		i += block
	}
	for i < n && a[len(a)-1-i] == b[len(b)-1-i] {
		i++
	}
	return i
}
