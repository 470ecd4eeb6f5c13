// Package providertest has simulated issuers and the suite that every provider passes.
//
// An [Issuer] answers for one kind of key with the replies that are on record in its rule: the active one while the key is
// live, the inactive one to every other key and after a revoke. What it answers is therefore what the rule file says that
// the issuer answers; faults are laid over it on request. [Agiled] simulates the whole API that Agiled documents.
//
// Both are http.Handlers and are served by [Start] on the loopback address, under the names of the real hosts.
// provider.Simulation makes a provider dial them instead of the world: in tests, and in quash demo.
//
// [Suite] is what must hold for every provider, whatever the issuer does: three states and never two, a control that is
// sent and believed, nothing changed by a verify, no key in anything that is returned, no revoke without proof of what it
// hits. The package does not import testing, so that a program can use the issuers.
package providertest
