// Package jobs does the work that a webhook asks for: it fetches what was pushed, scans it, and answers the keys in it.
//
// The queue is River's, in the database of the store: SQLite for one machine, PostgreSQL for many workers. A job is a row; its
// arguments name a repository, commits and a finding ID, and never hold a key.
//
// # Jobs
//
//	scan_push   fetch the mirror, scan what a push brought and what it dropped, ask for the jobs below
//	answer_key  read one key again where it stands (commit and blob), verify it, plan or act by policy, confirm, review
//	check_run   tell the forge about a commit: redacted annotations
//	reconcile   compare every ref of a repository with what was scanned, and scan what is missing; one for each repository, which
//	            sleeps between its runs and is woken when a push shows a gap
//	redeliver   ask the forge to send again what it could not deliver
//	prune       forget old deliveries
//
// # What is scanned
//
// The scan state of a repository (store.ScanState) says at which tips everything is scanned under the rules of today. A push
// is scanned from its new tip down to those tips, so pushes may be worked in any order, twice, or not at all: the next one
// covers them. Where there is no state yet, a push is scanned from after down to before, and the repository's reconcile job is
// woken to scan the rest and write the first state. A forced or deleting push also scans what it dropped, from before; where
// the forge does not give it any more, that is a gap and is said.
//
// # What is let stand
//
// A comment, and the lists (.quashignore, baselines) of the pushed repository as the pushed commit has them, keep a key out of the
// store and out of what the forge is told. They never hide a live key: an answer_key job is inserted for it all the same, marked
// as allowed, and when the issuer accepts the key it is recorded, answered and told like any other.
//
// # Nothing is lost, nothing is done twice
//
// A job is inserted in the transaction that records its delivery (SQLite) or before it commits (PostgreSQL); being unique by
// repository, ref, before, after and rule version it is there once. What a scan found is recorded and its answer_key jobs are
// inserted before the state says that it was scanned, so that a worker which is killed anywhere leaves a job that River gives
// to another, which does the same again. Answering is safe to repeat: revoker.Responder goes by its journal. One key has one
// answer_key job at a time.
//
// A job that fails is tried again with back-off; after the last try it is set aside (River calls it discarded), stays in the
// database for a week, and is counted by the metrics and told by /readyz. A new push or a redelivery brings it back.
//
// Errors stand in job rows, so they are cleaned of keys before River sees them, and a panic's value is not repeated.
package jobs
