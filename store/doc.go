// Package store keeps what quash must remember between runs: which keys were found where, what issuers said of them, the plans
// that wait, the journal's head, the inventory of the operator's own keys, how far each repository was scanned, and which
// webhook deliveries were taken.
//
// It never holds a key. Everything is keyed by finding ID; what stands beside it is the redacted form and the places.
//
// The database is SQLite, embedded in a file, or PostgreSQL, for several machines. Both have one schema and one text of each
// query, which keep to what both understand: $1 parameters, ON CONFLICT, BIGINT microseconds for times, JSON in TEXT. Where
// they differ by themselves, the difference ends in this package:
//
//   - PostgreSQL refuses text that is not UTF-8, and SQLite takes any bytes, which paths may hold: type text keeps both.
//
//   - PostgreSQL bounds what an index holds: type name shortens what is part of a primary key.
//
//   - Each database sorts text by its own collation: what is sorted by text is sorted here.
//
//   - PostgreSQL's writers of different rows do not wait for each other, so that two which take the same rows in two orders
//     would deadlock: a transaction of several rows takes them in order.
//
//   - PostgreSQL's locks are rows that name a session of the server, SQLite's are files: type rowLocks says what is lost with a
//     connection, and why nobody revokes twice then.
//
// The journal of a shared store is kept in it ([Store.OpenJournal]), under the same chain of hashes and signed head as one in
// files; revoker.RowJournal checks it.
//
// Goose migrates the schema on opening, one process at a time. A conformance suite runs against both databases.
//
// A store that cannot be opened or written is an error that names it and what to do; it never holds a password. Nothing is
// acted on that cannot be recorded.
package store
