// Package revoker decides what to do about a leaked key and does it, once, on the record.
//
// [Responder.Respond] drives one key from "found" to "dead and reviewed":
//
//	past := journal(id)
//	confirmed? ─ no ─► verify
//	                    ├ unknown ─► retry later; nothing is revoked on unknown
//	                    ├ inactive, no intent on record ─► dead on arrival, done
//	                    ├ inactive, intent on record ─► confirmed
//	                    └ active (and the control probe was refused) ─► Policy.Decide
//	                         ├ dry-run, approve ─► plan
//	                         └ auto ─► intent (durable) ─► revoke ─► receipt ─► verify with back-off until dead
//	confirmed ─► review over [first exposure, confirmed dead] ─► reviewed
//
// Every step is a journal entry, written before the act where the act changes anything. Respond may be called again
// after a crash at any point: it reads the journal and goes on. What holds however often it crashes: no revoke without a
// durable intent; nothing is called revoked before a verify said inactive; a key that was dead on arrival is never
// revoked; a call that is not idempotent is never repeated; in dry run no mutating request leaves.
//
// The package talks to nobody. Issuers are reached through a [Provider], which sub-package provider makes.
package revoker
