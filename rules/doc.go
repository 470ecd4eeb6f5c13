// Package rules holds what is known of each kind of key, as data.
//
// One YAML file per provider says how a key of that provider is found in text, which offline checks it must pass,
// and which HTTP requests verify it, revoke it and review what it did. The file carries its own proof: examples that
// must match, look-alikes that must not, and recorded replies with the reading that each must get. A rule that needs an
// "if" is not data; it is Go code in revoker/provider.
//
// Loading is strict. [CheckFile] and [Set.With] refuse what a reviewer would refuse: unknown fields, duplicate ids, a
// pattern that can match without any of its keywords (or has none, although a literal is in every match), an example that
// its own rule does not find, a look-alike that it does, a request to a host that the file does not list, a revoke without a verify or without a stated binding, a verify
// that has no recorded reply for each of active, inactive and unknown, and an operator credential in one request with the
// leaked key. [Builtin] loads what this package's tests have passed, from a form that is quick to read.
//
// What follows from a pattern is computed from its syntax tree and nowhere written down: that every match has a keyword,
// how long a match can be ([Rule.Span]), with which fixed text keys begin ([Rule.Prefix]), where the keyword stands in a
// match ([Rule.Anchor]).
//
// No key-shaped text stands in a rule file. Examples say {{sample}}, and [Rule.Sample] makes a key from the pattern and its
// checksum when it is asked.
//
// Replies are read by pure functions ([Step.ReadVerify], [Step.ReadRevoke], [Step.Captured], [Step.EventsOf]), so that what
// the loader proves with recorded replies is what happens with real ones.
//
// The package imports nothing else of this module and makes no network connection.
package rules
