-- Ids of sagas go on after those of all actions that there ever were.

-- +goose Up
SELECT setval('sagas_id_seq', last_value, is_called) FROM actions_id_seq;

-- +goose Down
SELECT 1;
