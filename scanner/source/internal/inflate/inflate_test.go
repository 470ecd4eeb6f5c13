package inflate

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/sys/cpu"
	"pgregory.net/rapid"
)

func deflated(t testing.TB, level int, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// text draws bytes that compress well, a little, or not at all.
func text(t *rapid.T) []byte {
	alphabet := rapid.SampledFrom([]int{1, 2, 4, 30, 256}).Draw(t, "alphabet")
	word := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) byte { return byte(rapid.IntRange(0, alphabet-1).Draw(t, "byte")) }), 1, 40)
	words := rapid.SliceOfN(word, 1, 6).Draw(t, "words")
	var b []byte
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
	for n := rapid.SampledFrom([]int{0, 1, 7, 100, 2000, 40000}).Draw(t, "least length"); len(b) < n; {
		b = append(b, words[r.IntN(len(words))]...)
		if r.IntN(4) == 0 {
			b = append(b, byte(r.IntN(alphabet)))
		}
	}
	return b
}

// anywhere runs a test as on any machine too: without the instructions that only some processors have.
func anywhere(t *testing.T, test func(t *testing.T)) {
	test(t)
	plainly(func() { t.Run("plain", test) })
}

func plainly(fn func()) {
	has := cpu.X86
	defer func() { cpu.X86 = has }()
	cpu.X86.HasAVX2, cpu.X86.HasBMI2 = false, false
	fn()
}

func TestInflateIsTheInverse(t *testing.T) { anywhere(t, testInflateIsTheInverse) }

func testInflateIsTheInverse(t *testing.T) {
	var d Decoder
	rapid.Check(t, func(t *rapid.T) {
		data := text(t)
		level := rapid.SampledFrom([]int{flate.HuffmanOnly, flate.NoCompression, 1, 6, 9}).Draw(t, "level")
		var b bytes.Buffer
		w, _ := zlib.NewWriterLevel(&b, level)
		_, _ = w.Write(data)
		_ = w.Close()
		used := b.Len()
		b.WriteString(rapid.StringN(0, 30, -1).Draw(t, "what follows"))
		behind := rapid.SampledFrom([]int{0, 1, Room, 2 * Room}).Draw(t, "bytes behind")
		out := make([]byte, len(data), len(data)+behind)
		n, err := d.Inflate(out, b.Bytes())
		if len(bytes.Trim(out[:cap(out)][len(data)+min(behind, Room):], "\x00")) > 0 {
			t.Fatalf("%d bytes: wrote more than %d bytes behind them", len(data), Room)
		}
		if err != nil || n != used || !bytes.Equal(out, data) {
			t.Fatalf("level %d, %d bytes: took %d of %d, %v", level, len(data), n, used, err)
		}
	})
}

func TestInflateRefuses(t *testing.T) { anywhere(t, testInflateRefuses) }

func testInflateRefuses(t *testing.T) {
	var d Decoder
	data := []byte(strings.Repeat("the quick brown fox jumps over the lazy dog. ", 40))
	good := deflated(t, 6, data)
	out := make([]byte, len(data))
	for i := range good {
		if _, err := d.Inflate(out, good[:i]); err == nil {
			t.Errorf("accepted the first %d of %d bytes", i, len(good))
		}
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			n, err := d.Inflate(out, bad)
			if got, ok := reference(bad, len(out)); (err == nil) != ok || ok && (n != len(bad) || !bytes.Equal(out, got)) {
				t.Errorf("byte %d, bit %d: %v, while compress/zlib accepts: %v", i, bit, err, ok)
			}
		}
	}
	for _, n := range []int{0, 1, len(data) - 1, len(data) + 1} {
		if _, err := d.Inflate(make([]byte, n), good); err == nil {
			t.Errorf("accepted %d bytes as %d", len(data), n)
		}
	}
	if _, err := d.Inflate(out, good); err != nil {
		t.Errorf("the decoder is of no use after errors: %v", err)
	}
}

// reference is what compress/zlib makes of a stream that should be n bytes long.
func reference(src []byte, n int) ([]byte, bool) {
	z, err := zlib.NewReader(bytes.NewReader(src))
	if err != nil {
		return nil, false
	}
	got, err := io.ReadAll(io.LimitReader(z, int64(n)+1))
	return got, err == nil && len(got) == n
}

func FuzzInflate(f *testing.F) {
	for _, s := range []string{"", "a", strings.Repeat("ab", 400), "package inflate\n"} {
		f.Add(deflated(f, 6, []byte(s)), uint16(len(s)))
		f.Add(deflated(f, 0, []byte(s)), uint16(len(s)))
		f.Add(deflated(f, flate.HuffmanOnly, []byte(s)), uint16(len(s)))
	}
	f.Fuzz(func(t *testing.T, src []byte, n uint16) {
		var d Decoder
		out := make([]byte, n, int(n)+Room)
		_, err := d.Inflate(out, src)
		if _, exact := d.Inflate(make([]byte, n), src); (err == nil) != (exact == nil) {
			t.Fatalf("%v, without room behind %v", err, exact)
		}
		plainly(func() {
			if _, plain := d.Inflate(make([]byte, n, int(n)+Room), src); (err == nil) != (plain == nil) {
				t.Fatalf("%v, on other machines %v", err, plain)
			}
		})
		got, ok := reference(src, int(n))
		if (err == nil) != ok {
			t.Fatalf("%v, while compress/zlib accepts: %v", err, ok)
		}
		if ok && !bytes.Equal(out, got) {
			t.Fatal("another output than that of compress/zlib")
		}
	})
}

// BenchmarkInflate inflates streams of the sizes that packs hold.
func BenchmarkInflate(b *testing.B) {
	var source []byte
	r := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("func return if err != nil { } for range := the a package import struct int string byte type static const char * void ->")
	for len(source) < 1<<20 {
		source = append(source, words[r.IntN(len(words))]...)
		source = append(source, " \n\t"[r.IntN(3)])
		source = fmt.Appendf(source, "%x", r.IntN(1<<r.IntN(20)))
	}
	for _, size := range []int{300, 1500, 4000, 60000} {
		streams := make([][]byte, 64)
		for i := range streams {
			at := r.IntN(len(source) - size)
			streams[i] = deflated(b, 6, source[at:at+size])
		}
		out := make([]byte, size)
		b.Run(fmt.Sprintf("own/%d", size), func(b *testing.B) {
			var d Decoder
			b.SetBytes(int64(size))
			for i := 0; b.Loop(); i++ {
				if _, err := d.Inflate(out, streams[i%64]); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("stdlib/%d", size), func(b *testing.B) {
			z, _ := zlib.NewReader(bytes.NewReader(streams[0]))
			b.SetBytes(int64(size))
			for i := 0; b.Loop(); i++ {
				_ = z.(zlib.Resetter).Reset(bytes.NewReader(streams[i%64]), nil)
				if _, err := io.ReadFull(z, out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
