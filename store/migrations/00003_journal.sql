-- +goose Up
CREATE TABLE journals (
    name        TEXT PRIMARY KEY,
    signing_key TEXT NOT NULL,
    head        TEXT NOT NULL,
    turn        BIGINT NOT NULL
);

CREATE TABLE journal_entries (
    seq  BIGINT PRIMARY KEY,
    id   TEXT NOT NULL,
    line TEXT NOT NULL
);

CREATE INDEX journal_entries_id ON journal_entries (id, seq);

CREATE TABLE locks (
    name    TEXT PRIMARY KEY,
    session BIGINT NOT NULL
);

CREATE TABLE plan_keys (
    id   TEXT NOT NULL,
    hash TEXT NOT NULL REFERENCES plans (hash),
    PRIMARY KEY (id, hash)
);

-- +goose Down
DROP TABLE plan_keys;
DROP TABLE locks;
DROP TABLE journal_entries;
DROP TABLE journals;
