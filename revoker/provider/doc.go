// Package provider talks to issuers: it verifies a key, revokes it and reviews what it did. It is the only package that may
// call scanner.Secret.Reveal, because it is the only one that shows a key to anybody: to the key's own issuer.
//
// [New] makes a [Registry] from the loaded rules and the operator's configuration; [Registry.Provider] says what can be
// done about one kind of key. What a rule file describes in HTTP steps is run by the flows of this package (flow.go);
// what needs an "if" is Go code in a file of its own (agiled.go, github.go).
//
// Every request goes through one client (client.go), which sends a key nowhere but to an origin that the rule file's hosts
// or the operator's configuration name, and holds to this:
//
//   - An origin is scheme, host and port, compared byte by byte: no user info, no other port, no look-alike letters.
//   - HTTPS only, TLS 1.2 or later. Plain HTTP exists only for an address that the operator allowed by name.
//   - The address is checked when the connection is made, on the IP that was resolved: loopback, private, link-local, shared,
//     multicast, metadata and IPv4-mapped addresses are refused unless the operator allowed their network.
//   - No redirect is followed, no proxy is taken from the environment, no cookie is kept, no connection is used twice.
//   - The kill switch is asked before every request, and a switch that cannot be read stops it.
//   - Rate limits are kept by host and by key; Retry-After puts a key on hold at that host.
//   - GET and HEAD are tried again after a network error or a 5xx. Nothing else ever is.
//   - No error holds a URL's path or query, a header, or a body. An exchange that is recorded has {{name}} in place of every
//     part of the key.
//
// A verdict has three states. Active needs two answers: the key was accepted, and the same request with one character of
// the key changed was refused (the control). What no condition of the rule describes is unknown: a redirect, a page of HTML
// where the rule file records none, a rate limit, a time-out, a TLS error.
//
// A revoke is sent only when its object is proven to be the leaked key (rules.Bind). Ids that the request needs are never taken
// from a verdict on its word: the key is presented again right before, and the issuer must tell the same ids.
//
// Under [Simulation] no address but loopback is dialled at all, so that a demonstration cannot reach a real issuer.
// Package providertest has simulated issuers and the suite that every provider passes.
package provider
