package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/quash-sh/quash/revoker"
)

var _ = register("jsonl", FormatFunc(writeJSONL), ".jsonl", ".ndjson")

// writeJSONL writes the native stream, each item as it comes.
func writeJSONL(w io.Writer, _ Run, items iter.Seq2[Item, error]) error {
	for it, err := range items {
		if err != nil {
			return err
		}
		if err := encode(w, it, ""); err != nil {
			return fmt.Errorf("write jsonl: %w", err)
		}
	}
	return nil
}

// Read yields the items of a saved stream. A stream that was cut off, is of another version or holds something else ends
// with an error that names the line.
func Read(r io.Reader) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		var order sequence
		for n := 1; ; n++ {
			line, err := in.ReadBytes('\n')
			if err != nil && !errors.Is(err, io.EOF) {
				yield(Item{}, fmt.Errorf("read run: line %d: %w", n, err))
				return
			}
			if len(bytes.TrimSpace(line)) > 0 {
				it, bad := readItem(line)
				if bad == nil {
					bad = order.take(it)
				}
				if bad != nil {
					yield(Item{}, fmt.Errorf("read run: line %d %w", n, bad))
					return
				}
				if !yield(it, nil) {
					return
				}
			}
			if err != nil {
				if bad := order.end(); bad != nil {
					yield(Item{}, fmt.Errorf("read run: %w", bad))
				}
				return
			}
		}
	}
}

// sequence checks the order of items: config first and once, stats last.
type sequence struct{ begun, ended bool }

func (s *sequence) take(it Item) error {
	switch {
	case s.ended:
		return errors.New("follows stats, which end a run; keep one run in a file")
	case !s.begun && (it.Config == nil || it.Config.Schema != Schema):
		return fmt.Errorf("is not the config of a %s stream; save a run with -o run.jsonl", Schema)
	case s.begun && it.Config != nil:
		return errors.New("is a second config; keep one run in a file")
	}
	s.begun, s.ended = true, it.Stats != nil
	return nil
}

func (s *sequence) end() error {
	switch {
	case !s.begun:
		return errors.New("it is empty; save a run with -o run.jsonl")
	case !s.ended:
		return errors.New("it ends without stats, so it was cut off; run the scan again")
	}
	return nil
}

// readItem reads one line and refuses what is not exactly one kind of item. Its errors go on from "line 7 ".
func readItem(line []byte) (it Item, err error) {
	kind, value, err := onlyField(line)
	if err != nil {
		return it, err
	}
	switch kind {
	case "config":
		it.Config, err = strict[Config](value)
	case "progress":
		it.Progress, err = strict[Progress](value)
	case "finding":
		it.Finding, err = strict[Finding](value)
	case "verdict":
		it.Verdict, err = strict[Verdict](value)
	case "plan":
		it.Plan, err = strict[revoker.Plan](value)
	case "outcome":
		it.Outcome, err = strict[revoker.Outcome](value)
	case "stats":
		it.Stats, err = strict[Stats](value)
	default:
		err = fmt.Errorf("is of no kind that %s has: %.40q; was it written by another version?", Schema, kind)
	}
	if err == nil && !it.named() {
		err = fmt.Errorf("is a %s that does not say what it is about", kind)
	}
	return it, err
}

// onlyField is the name and the value of the one field of an object.
func onlyField(line []byte) (name string, value json.RawMessage, err error) {
	dec := json.NewDecoder(bytes.NewReader(line))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') || !dec.More() {
		return "", nil, errors.New("is not a JSON object that names its kind")
	}
	t, err := dec.Token()
	if err == nil {
		name, _ = t.(string)
		err = dec.Decode(&value)
	}
	if err != nil {
		return "", nil, fmt.Errorf("is not JSON: %w", err)
	}
	if t, err := dec.Token(); err != nil || t != json.Delim('}') {
		return "", nil, errors.New("has more than the one field that names its kind, or is cut off")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return "", nil, errors.New("holds more than one object")
	}
	return name, value, nil
}

// strict reads one item. It refuses unknown fields, and null, which is no item.
func strict[T any](value json.RawMessage) (*T, error) {
	dec := json.NewDecoder(bytes.NewReader(value))
	dec.DisallowUnknownFields()
	var item *T
	if err := dec.Decode(&item); err != nil {
		return nil, fmt.Errorf("cannot be read: %w; was it written by another version?", err)
	}
	if item == nil {
		return nil, errors.New("holds no item")
	}
	return item, nil
}

// named says whether an item says what it is about.
func (it Item) named() bool {
	switch {
	case it.Finding != nil:
		return it.Finding.ID != "" && it.Finding.Rule != ""
	case it.Verdict != nil:
		return it.Verdict.ID != ""
	case it.Plan != nil:
		return it.Plan.Schema != ""
	case it.Outcome != nil:
		return it.Outcome.ID != ""
	}
	return true
}
