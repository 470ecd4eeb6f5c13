-- +goose Up
CREATE TABLE findings (
    id         TEXT PRIMARY KEY,
    rule       TEXT NOT NULL,
    redacted   TEXT NOT NULL,
    confidence TEXT NOT NULL,
    reasons    TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL
);

CREATE TABLE locations (
    id        TEXT NOT NULL REFERENCES findings (id),
    target    TEXT NOT NULL,
    place     TEXT NOT NULL,
    location  TEXT NOT NULL,
    last_seen BIGINT NOT NULL,
    PRIMARY KEY (id, target, place)
);

CREATE TABLE verdicts (
    id       TEXT NOT NULL,
    at       BIGINT NOT NULL,
    validity TEXT NOT NULL,
    verdict  TEXT NOT NULL,
    PRIMARY KEY (id, at)
);

CREATE TABLE plans (
    hash TEXT PRIMARY KEY,
    made BIGINT NOT NULL,
    plan TEXT NOT NULL
);

CREATE TABLE journal_head (
    journal TEXT PRIMARY KEY,
    seq     BIGINT NOT NULL,
    hash    TEXT NOT NULL
);

CREATE TABLE keys (
    id      TEXT PRIMARY KEY,
    rule    TEXT NOT NULL,
    record  TEXT NOT NULL,
    retired BIGINT
);

-- +goose Down
DROP TABLE keys;
DROP TABLE journal_head;
DROP TABLE plans;
DROP TABLE verdicts;
DROP TABLE locations;
DROP TABLE findings;
