package inflate

import "golang.org/x/sys/cpu"

// fast decodes while there is room on both sides. It reports whether the block has ended, and false for ok when the
// stream is damaged.
func (d *Decoder) fast() (ended, ok bool) {
	if !cpu.X86.HasBMI2 || len(d.src)-d.in < ahead || len(d.all)-d.out < Room {
		return d.fastGo()
	}
	s := stretch{
		src: &d.src[0], in: d.in, srcLast: len(d.src) - ahead, dst: &d.all[0], out: d.out, dstLast: len(d.all) - Room,
		bits: d.bits, n: d.n, lit: &d.use.lit[0], dist: &d.use.dist[0],
	}
	is := decodeBMI2(&s)
	d.in, d.out, d.bits, d.n = s.in, s.out, s.bits&(1<<(s.n&63)-1), s.n
	return is == blockEnded, is != broken
}

// stretch is what of a stream can be decoded without looking for its end.
type stretch struct {
	src          *byte
	in, srcLast  int // where is read, and the last place from which ahead bytes can be
	dst          *byte
	out, dstLast int // where is written, and the last place where there is Room
	bits         uint64
	n            uint // bits held
	lit, dist    *entry
}

// ahead is how many bytes decodeBMI2 reads at most before it looks for the end again.
const ahead = 24

// How decoding a stretch ends.
const (
	stopped    = iota // where room on either side ends
	blockEnded        // with its block
	broken
)

// decodeBMI2 is fastGo with the instructions of BMI2 for shifts and masks. Nothing else bounds what it reads and writes: it looks at in and out before
// each run of literals with a match, which takes ahead and Room at most, and at distances; the tables hold no link that leads out of them.
//
//go:noescape
func decodeBMI2(s *stretch) (is int)
