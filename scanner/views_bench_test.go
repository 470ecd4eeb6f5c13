package scanner

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// benchText is ordinary source text of some kinds, n bytes of it.
func benchText(kind string, n int) []byte {
	rnd := testRand(1)
	code := "func (c *client) do(ctx context.Context, name string) (int, error) {\n\tif err := c.check(name); err != nil {\n" +
		"\t\treturn 0, fmt.Errorf(\"open %q: %w\\n\", name, err)\n\t}\n\t// the bot keeps its token and pattern elsewhere\n\treturn len(c.values[0:10]) + 0x1f, nil\n}\n\n"
	var b strings.Builder
	for b.Len() < n {
		switch kind {
		case "source":
			b.WriteString(code)
		case "minified":
			fmt.Fprintf(&b, `function t%d(e,n){var r=e.length;return r>0?n[r-1]="a"+e[0]:null}`, rnd.IntN(99))
			if rnd.IntN(20) == 0 {
				b.WriteString(`.x{background:url(data:image/png;base64,` + base64.StdEncoding.EncodeToString(noise(rnd, 3000)) + `)}`)
			}
		case "hexdump":
			fmt.Fprintf(&b, "%08x  %s\n", b.Len(), hex.EncodeToString(noise(rnd, 16)))
		case "lockfile":
			fmt.Fprintf(&b, "  \"node_modules/pkg%d\": {\n    \"integrity\": \"sha512-%s\"\n  },\n", rnd.IntN(999), base64.StdEncoding.EncodeToString(noise(rnd, 64)))
		case "base64":
			line := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(code, 4)))
			for len(line) > 76 {
				b.WriteString(line[:76] + "\n")
				line = line[76:]
			}
			b.WriteString(line + "\n")
		}
	}
	return []byte(b.String()[:n])
}

func noise(rnd *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

func BenchmarkFindViews(b *testing.B) {
	for _, kind := range []string{"source", "minified", "hexdump", "lockfile", "base64"} {
		text := benchText(kind, 1<<20)
		for _, off := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s/views=%v", kind, !off), func(b *testing.B) {
				s := testScanner(b, Options{})
				s.noViews = off
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					for range s.Find(Chunk{Data: text}) {
					}
				}
			})
		}
	}
}
