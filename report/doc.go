// Package report writes what a run found and did.
//
// The native stream is JSONL: one [Item] a line, each an object with exactly one field that names its kind. Every other
// format renders those items, live or later from a saved stream (quash report --from run.jsonl -f sarif), so that a job
// scans once.
//
// No format ever holds a key. Items carry the redacted form (the issuer's fixed prefix and the length) and the finding ID;
// snippets are made of those.
//
// One file a format; each registers itself with one register line in its init. Formats do not know where items come from, and
// the package does not depend on net/http.
package report
