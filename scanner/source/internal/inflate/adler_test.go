package inflate

import (
	"bytes"
	"hash/adler32"
	"testing"

	"pgregory.net/rapid"
)

func TestAdler(t *testing.T) { anywhere(t, testAdler) }

func testAdler(t *testing.T) {
	for _, p := range [][]byte{nil, bytes.Repeat([]byte{0xff}, 100_003), bytes.Repeat([]byte{0xff}, 22*8*24), bytes.Repeat([]byte{0xff}, 32*173)} {
		if got, want := adler(p), adler32.Checksum(p); got != want {
			t.Errorf("%d bytes: %08x, want %08x", len(p), got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		p := bytes.Repeat(rapid.SliceOfN(rapid.Byte(), 0, 700).Draw(t, "bytes"), rapid.IntRange(1, 30).Draw(t, "times"))
		if got, want := adler(p), adler32.Checksum(p); got != want {
			t.Fatalf("%d bytes: %08x, want %08x", len(p), got, want)
		}
	})
}

func BenchmarkAdler(b *testing.B) {
	p := bytes.Repeat([]byte("package inflate\n"), 256)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		adler(p)
	}
}

func BenchmarkAdlerStd(b *testing.B) {
	p := bytes.Repeat([]byte("package inflate\n"), 256)
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		adler32.Checksum(p)
	}
}
