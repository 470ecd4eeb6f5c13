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
// What stands between a decision and a call, beside the policy's own gates:
//
//   - The key is verified again right before its intent. When the issuer then tells another owner, key id or creation time,
//     nothing is sent, and the run's circuit breaker opens.
//   - Executions are counted and intents are written under one lock, so that no number of workers passes a cap.
//   - The kill switch is asked before every call, and one that cannot be read is on.
//   - A plan is bound to its hash. With a plan nothing is executed that it does not list, and an approval is one more journal
//     entry, by somebody other than who asked.
//   - An intent without a receipt is an open question: the key is looked at first, and the call is made again only when the
//     action is idempotent. Otherwise a person is asked.
//
// The journal is a file of JSON lines, chained by hashes, with a signed head beside it ([FileJournal]); [VerifyJournal] checks it.
//
// The package talks to nobody. Issuers are reached through a [Provider], which sub-package provider makes.
package revoker
