package inflate

import "golang.org/x/sys/cpu"

const (
	// adlerBlock is how many bytes are summed at once.
	adlerBlock = 32
	// adlerRun is how many blocks are summed before the remainders are taken: the sums fit 32 bits.
	adlerRun = 173
)

// adler is the Adler-32 sum of RFC 1950.
func adler(p []byte) uint32 {
	a, b := uint64(1), uint64(0)
	if cpu.X86.HasAVX2 {
		for len(p) >= adlerBlock {
			blocks := min(len(p)/adlerBlock, adlerRun)
			n := blocks * adlerBlock
			sum, sums := adlerAVX2(&p[0], blocks)
			a, b = (a+uint64(sum))%adlerBase, (b+a*uint64(n)+uint64(sums))%adlerBase
			p = p[n:]
		}
	}
	return adlerOn(a, b, p)
}

// adlerAVX2 returns the sum of the bytes of so many blocks, at least one, and the sum of those sums after each byte.
//
//go:noescape
func adlerAVX2(p *byte, blocks int) (sum, sums uint32)
