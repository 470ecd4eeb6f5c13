package report

import (
	"fmt"
	"io"
	"iter"

	"github.com/quash-sh/quash/revoker"
)

var _ = register("json", FormatFunc(writeJSON), ".json")

// document is the whole run as one object: the stream's items by kind, in order.
type document struct {
	Config   *Config           `json:"config"`
	Findings []Finding         `json:"findings"`
	Verdicts []Verdict         `json:"verdicts,omitempty"`
	Plans    []revoker.Plan    `json:"plans,omitempty"`
	Outcomes []revoker.Outcome `json:"outcomes,omitempty"`
	Stats    *Stats            `json:"stats"`
}

func writeJSON(w io.Writer, _ Run, items iter.Seq2[Item, error]) error {
	doc, err := collect(items)
	if err != nil {
		return err
	}
	if err := encode(w, doc, "  "); err != nil {
		return fmt.Errorf("write json: %w", err)
	}
	return nil
}

// collect reads all items. Formats that say the most important thing first need the end before the beginning.
func collect(items iter.Seq2[Item, error]) (document, error) {
	doc := document{Findings: []Finding{}}
	for it, err := range items {
		if err != nil {
			return doc, err
		}
		switch {
		case it.Config != nil:
			doc.Config = it.Config
		case it.Finding != nil:
			doc.Findings = append(doc.Findings, *it.Finding)
		case it.Verdict != nil:
			doc.Verdicts = append(doc.Verdicts, *it.Verdict)
		case it.Plan != nil:
			doc.Plans = append(doc.Plans, *it.Plan)
		case it.Outcome != nil:
			doc.Outcomes = append(doc.Outcomes, *it.Outcome)
		case it.Stats != nil:
			doc.Stats = it.Stats
		}
	}
	return doc, nil
}
