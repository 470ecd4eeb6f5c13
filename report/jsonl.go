package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
)

var _ = register("jsonl", FormatFunc(writeJSONL), ".jsonl", ".ndjson")

// writeJSONL writes the native stream, each item as it comes.
func writeJSONL(w io.Writer, _ Run, items iter.Seq2[Item, error]) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for it, err := range items {
		if err != nil {
			return err
		}
		if err := enc.Encode(it); err != nil {
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
		ended := false
		for n := 1; ; n++ {
			line, err := in.ReadBytes('\n')
			if len(bytes.TrimSpace(line)) > 0 {
				it, bad := readItem(line, n)
				if bad != nil {
					yield(Item{}, bad)
					return
				}
				ended = it.Stats != nil
				if !yield(it, nil) {
					return
				}
			}
			if errors.Is(err, io.EOF) {
				if !ended {
					yield(Item{}, fmt.Errorf("read run: it ends at line %d without stats, so it was cut off; run the scan again", n))
				}
				return
			}
			if err != nil {
				yield(Item{}, fmt.Errorf("read run: line %d: %w", n, err))
				return
			}
		}
	}
}

// readItem reads one line and refuses what is not exactly one kind of item.
func readItem(line []byte, n int) (Item, error) {
	var it Item
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return it, fmt.Errorf("read run: line %d is not a JSON object: %w", n, err)
	}
	if len(fields) != 1 {
		return it, fmt.Errorf("read run: line %d has %d fields, not the one that names its kind", n, len(fields))
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&it); err != nil {
		return it, fmt.Errorf("read run: line %d: %w; was it written by another version?", n, err)
	}
	if n == 1 && (it.Config == nil || it.Config.Schema != Schema) {
		return it, fmt.Errorf("read run: line 1 is not the config of a %s stream", Schema)
	}
	return it, nil
}
