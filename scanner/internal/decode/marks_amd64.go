package decode

import "golang.org/x/sys/cpu"

// markCells sets, for each whole cell of text, the words of all classes: class c of cell w is dst[c*stride+w]. It reports whether
// there is a zero byte.
func markCells(dst []uint64, stride int, text []byte) bool {
	if len(text) < cell {
		return false
	}
	if !cpu.X86.HasAVX2 {
		return markCellsGo(dst, stride, text)
	}
	_, _ = dst[(classesMarked-1)*stride+len(text)/cell-1], text[0]
	return markCellsAVX2(&dst[0], &text[0], stride*8, len(text)/cell*2) != 0
}

// markCellsAVX2 does so with 32 bytes at a time: stride is in bytes, halves counts half cells and is not 0, and zeros is not 0 when
// there is a zero byte.
//
//go:noescape
func markCellsAVX2(dst *uint64, text *byte, stride, halves int) (zeros uint32)
