//go:build !amd64

package inflate

// fast decodes while there is room on both sides. It reports whether the block has ended, and false for ok when the
// stream is damaged.
func (d *Decoder) fast() (ended, ok bool) { return d.fastGo() }
