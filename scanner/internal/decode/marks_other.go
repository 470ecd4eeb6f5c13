//go:build !amd64

package decode

// markCells sets, for each whole cell of text, the words of all classes: class c of cell w is dst[c*stride+w]. It reports whether
// there is a zero byte.
func markCells(dst []uint64, stride int, text []byte) bool { return markCellsGo(dst, stride, text) }
