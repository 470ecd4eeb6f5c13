package rules

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The readings of replies.
const (
	readActive    = "active"
	readInactive  = "inactive"
	readUnknown   = "unknown"
	readDone      = "done"
	readRequested = "requested"
	readFailed    = "failed"
)

// ReadVerify reads a reply to a verify request: "active", "inactive", or "unknown" when the step's conditions describe it
// as neither or as both.
func (s *Step) ReadVerify(r Reply) (validity string) {
	read := newReading(r)
	switch active, inactive := read.holdsAny(s.Active), read.holdsAny(s.Inactive); {
	case active == inactive:
		return readUnknown
	case active:
		return readActive
	}
	return readInactive
}

// ReadRevoke reads a reply to a revoke request: "done", "requested", or "failed". A reply that is described as both done
// and requested is requested, the weaker word.
func (s *Step) ReadRevoke(r Reply) string {
	read := newReading(r)
	switch {
	case read.holdsAny(s.Requested):
		return readRequested
	case read.holdsAny(s.Done):
		return readDone
	}
	return readFailed
}

// Captured takes the step's captures out of a reply. What the reply does not have is left out; the items of a list are
// joined by ", ".
func (s *Step) Captured(r Reply) map[string]string {
	read := newReading(r)
	captured := make(map[string]string, len(s.Capture))
	for name, path := range s.Capture {
		if v, ok := read.value(path); ok {
			captured[name] = v
		}
	}
	return captured
}

// EventsOf reads the events of a reply to a review request, each with those of "time", "actor", "action", "object" and
// "ip" that it has. A reply that is not a success or has no such list is an error, which quotes nothing of the reply.
func (s *Step) EventsOf(r Reply) ([]map[string]string, error) {
	if s.Events == nil {
		return nil, errors.New("the step reads no events")
	}
	if r.Status < 200 || r.Status > 299 {
		return nil, fmt.Errorf("the reply has status %d", r.Status)
	}
	read := newReading(r)
	steps, err := parsePath(s.Events.List)
	if err != nil {
		return nil, err
	}
	found := read.lookup(steps)
	if len(found) != 1 {
		return nil, fmt.Errorf("the reply has no list at %s", s.Events.List)
	}
	list, ok := found[0].([]any)
	if !ok {
		return nil, fmt.Errorf("the reply has no list at %s", s.Events.List)
	}
	events := make([]map[string]string, len(list))
	for i, item := range list {
		events[i] = s.Events.read(item)
	}
	return events, nil
}

func (e *Events) read(item any) map[string]string {
	event := make(map[string]string)
	for name, path := range e.paths() {
		steps, err := parsePath(path)
		if err != nil {
			continue
		}
		if v, ok := joined(lookup(item, steps)); ok {
			event[name] = v
		}
	}
	return event
}

// paths are the paths inside an event that are set, by what they lead to.
func (e *Events) paths() map[string]string {
	paths := map[string]string{"time": e.Time, "actor": e.Actor, "action": e.Action, "object": e.Object, "ip": e.IP}
	for name, path := range paths {
		if path == "" {
			delete(paths, name)
		}
	}
	return paths
}

// reading is a reply with its body decoded.
type reading struct {
	Reply
	doc    any
	isJSON bool
}

func newReading(r Reply) reading {
	dec := json.NewDecoder(strings.NewReader(r.Body))
	dec.UseNumber()
	var doc any
	if err := dec.Decode(&doc); err != nil {
		return reading{Reply: r}
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return reading{Reply: r}
	}
	return reading{Reply: r, doc: doc, isJSON: true}
}

// lookup follows a path through the body.
func (r reading) lookup(steps []any) []any {
	if !r.isJSON {
		return nil
	}
	return lookup(r.doc, steps)
}

// headerPath begins the path of a header.
const headerPath = "header:"

// value is the text at a path.
func (r reading) value(path string) (string, bool) {
	if name, ok := strings.CutPrefix(path, headerPath); ok {
		return r.header(name)
	}
	steps, err := parsePath(path)
	if err != nil {
		return "", false
	}
	return joined(r.lookup(steps))
}

// header finds a header without regard to case.
func (r reading) header(name string) (string, bool) {
	for k, v := range r.Header {
		if strings.EqualFold(k, name) {
			return v, true
		}
	}
	return "", false
}

func (r reading) holdsAny(conditions Conditions) bool {
	return slices.ContainsFunc(conditions, r.holds)
}

// holds reports whether every part of a condition that is set holds. A condition without any holds never.
func (r reading) holds(c Condition) bool {
	if c.empty() || len(c.Status) > 0 && !slices.Contains(c.Status, r.Status) {
		return false
	}
	if !strings.Contains(r.Body, c.Contains) || c.Lacks != "" && strings.Contains(r.Body, c.Lacks) {
		return false
	}
	for path, wanted := range c.JSON {
		if !r.hasOne(path, wanted) {
			return false
		}
	}
	for name, want := range c.Header {
		if got, ok := r.header(name); !ok || !strings.Contains(got, want) {
			return false
		}
	}
	return true
}

func (c Condition) empty() bool {
	return len(c.Status) == 0 && c.Contains == "" && c.Lacks == "" && len(c.JSON) == 0 && len(c.Header) == 0
}

// hasOne reports whether a value at the path is one of the wanted; "*" is any value that is not null.
func (r reading) hasOne(path string, wanted []string) bool {
	steps, err := parsePath(path)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(r.lookup(steps), func(v any) bool {
		if v != nil && slices.Contains(wanted, "*") {
			return true
		}
		text, ok := scalar(v)
		return ok && slices.Contains(wanted, text)
	})
}
