-- +goose Up
CREATE TABLE scan_states (
    repository TEXT PRIMARY KEY,
    scanned    BIGINT NOT NULL,
    state      TEXT NOT NULL
);

CREATE TABLE deliveries (
    id       TEXT PRIMARY KEY,
    received BIGINT NOT NULL,
    outcome  TEXT NOT NULL
);

CREATE INDEX deliveries_received ON deliveries (received);

-- +goose Down
DROP TABLE deliveries;
DROP TABLE scan_states;
