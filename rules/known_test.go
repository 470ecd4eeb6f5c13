package rules

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDocumented: a published key is known, alone and as the body of a block, and another is not.
func TestDocumented(t *testing.T) {
	published := "AKIA" + "IOSFODNN7" + "EXAMPLE"
	if !Documented(published) {
		t.Error("the key of the AWS documentation is not known")
	}
	if Documented(published[1:]) || Documented("") {
		t.Error("another value is known")
	}
	block := "-----BEGIN PRIVATE KEY-----\n" + published[:8] + "\n" + published[8:] + "\n-----END PRIVATE KEY-----"
	if !Documented(block) {
		t.Error("line ends count in a block")
	}
}

// TestKnownList: each entry is a digest and a page, in order, once.
func TestKnownList(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{20} https://\S+$`)
	var digests []string
	for line := range strings.Lines(knownList) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "#") {
			continue
		}
		if !form.MatchString(line) {
			t.Errorf("%q is no digest with a page", line)
			continue
		}
		digests = append(digests, line[:knownDigits])
	}
	if !slices.IsSorted(digests) || len(slices.Compact(slices.Clone(digests))) != len(digests) {
		t.Error("the list is not in order, or names a key twice")
	}
	if len(digests) != len(knownExamples()) {
		t.Errorf("%d entries, %d read", len(digests), len(knownExamples()))
	}
}
