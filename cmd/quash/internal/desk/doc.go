// Package desk is where leaked keys are answered. Commands and the service bring findings to it; it asks issuers, plans, and
// where it may, acts. What it does is revoker's and revoker/provider's work: desk brings configuration, record and issuers
// together for it.
//
//	configuration ─┐
//	World ─────────┼─ New ─► Desk ─┬─ Round   the keys of a run, several side by side, told in the order of their findings
//	State ─────────┘               ├─ Clerk   keys one by one as they come in, each with a plan of its own
//	                               └─ Review  what one key did
//
// [World] is all that comes from outside and has an effect: clock, environment, log. [State] is what stays between runs:
// store, journal and locks. A [Desk] holds no run and changes nothing by itself; an [Order] says what may be done.
//
// # Side by side
//
// A round answers several keys at a time. So orders to an issuer that takes many in one request go out together
// (revoker/provider gathers them), and a key that waits for a person keeps no other key waiting. Nothing of that shows in what
// is told: answers come in the order of the findings, each whole. What must not be delayed is told at once, a work order in
// one piece.
//
// No cap is passed however many are answered at once: revoker counts the intents on record and writes the next one under one
// lock. Which of the keys the cap lets through is up to which comes first. A kill switch, or the end of the context, stops
// all of them before their next call, and no further key is begun.
//
// # Ignores
//
// A key that somebody let stand is asked about all the same, and reported when its issuer accepts it: an active key overrides
// an ignore ([Override]). The rest stays left out.
package desk
