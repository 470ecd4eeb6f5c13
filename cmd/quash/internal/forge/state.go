package forge

import (
	"bytes"
	"encoding/json"
	"os"
	"time"

	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source"
)

// stateSchema is the version of State's form. It changes with the form, and with what a field means.
const stateSchema = "quash.mirror/3"

// State is what the last complete scan of a repository found. It holds no key.
type State struct {
	Schema string `json:"schema"`
	// Options names everything beside the repository that decides what is found ([Sweep].Options).
	Options string `json:"options"`
	// Refs is the digest of the references that were scanned, Count how many they are.
	Refs  string `json:"refs"`
	Count int    `json:"count"`
	// Scanned is when.
	Scanned time.Time `json:"scanned"`
	// Stats are the scan's.
	Stats scanner.Stats `json:"stats"`
	// Findings are the scan's, in order.
	Findings []Known `json:"findings,omitempty"`
	// Past is what the scan saw: where the references changed, the next one reads what came in since.
	Past *source.Past `json:"past,omitempty"`
}

// Known is a finding without its key.
type Known struct {
	ID         scanner.ID       `json:"id"`
	Rule       string           `json:"rule"`
	Confidence rules.Confidence `json:"confidence"`
	Reasons    []string         `json:"reasons,omitempty"`
	Redacted   string           `json:"redacted"`
	At         scanner.Location `json:"at"`
	// Allowed says that a comment beside it lets it stand.
	Allowed bool `json:"allowed,omitempty"`
}

// known is a finding as it is remembered.
func known(f scanner.Finding) Known {
	return Known{ID: f.ID, Rule: f.Rule, Confidence: f.Confidence, Reasons: f.Reasons, Redacted: f.Redacted, At: f.At, Allowed: f.Allowed}
}

// finding is what is remembered as a finding; its Parts are empty.
func (k Known) finding() scanner.Finding {
	return scanner.Finding{ID: k.ID, Rule: k.Rule, Confidence: k.Confidence, Reasons: k.Reasons, Redacted: k.Redacted, At: k.At, Allowed: k.Allowed}
}

// fits reports whether a scan under these options of these references would find the same.
func (s State) fits(options string, refs Refs) bool {
	return s.Schema == stateSchema && s.Options == options && s.Refs == refs.Digest() && s.Stats.Complete()
}

// begun is what a scan under these options need not read again; nil: it reads everything.
func (s State) begun(options string) *source.Past {
	if s.Schema != stateSchema || s.Options != options {
		return nil
	}
	return s.Past
}

// State is what is remembered of a repository; the zero State, which fits nothing, when there is nothing that can be read.
func (m *Mirrors) State(r Repository) State {
	data, err := os.ReadFile(m.base(r) + stateSuffix)
	if err != nil {
		return State{}
	}
	var s State
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if dec.Decode(&s) != nil {
		return State{}
	}
	return s
}

// PutState remembers a scan of a repository whose mirror is in use: a complete one, or one whose gaps are lasting.
func (m *Mirrors) PutState(r Repository, s State) error {
	s.Schema = stateSchema
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return writeFile(m.base(r)+stateSuffix, string(data)+"\n")
}
