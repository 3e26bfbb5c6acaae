-- Ids of sagas go on after those of all actions that there ever were.

-- +goose Up
DELETE FROM sqlite_sequence WHERE name = 'sagas';
INSERT INTO sqlite_sequence (name, seq) SELECT 'sagas', seq FROM sqlite_sequence WHERE name = 'actions';

-- +goose Down
DELETE FROM sqlite_sequence WHERE name = 'actions';
INSERT INTO sqlite_sequence (name, seq) SELECT 'actions', seq FROM sqlite_sequence WHERE name = 'sagas';
