package scanner

import (
	"strings"
	"testing"
)

// TestOneReading: what a rule for any value sees of one place as the text stands and under a view is one key, read where it begins.
func TestOneReading(t *testing.T) {
	s, rnd := literalScanner(t), testRand(11)
	value := madeUp(rnd, 24)
	for name, text := range map[string]string{
		"quoted-printable": "Content-Transfer-Encoding: quoted-printable\n\nUse password=3D" + value + " here =\nand nowhere else\n",
		"a soft break":     "secret_key=" + value + madeUp(rnd, 30) + "=\nnext=3D1 =C3=A9\n",
	} {
		var places, values []string
		for f := range s.Find(Chunk{Data: []byte(text)}) {
			places = append(places, f.At.View)
			values = append(values, f.Token().value())
		}
		if len(values) != 1 || !strings.HasPrefix(values[0], value) {
			t.Errorf("%s: %d findings, in views %q", name, len(values), places)
		}
	}
}
