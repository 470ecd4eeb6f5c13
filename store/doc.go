// Package store keeps what quash must remember between runs: which keys were found where, what issuers said of them, the plans
// that wait, the journal's head, and the inventory of the operator's own keys.
//
// It never holds a key. Everything is keyed by finding ID; what stands beside it is the redacted form and the places.
//
// The database is SQLite, embedded. Queries keep to what PostgreSQL understands too ($1 parameters, ON CONFLICT, BIGINT
// microseconds for times, JSON in TEXT), so that one query text serves both; goose migrates the schema on opening.
//
// A store that cannot be opened or written is an error that names the file and what to do; nothing is acted on that cannot be
// recorded.
package store
