-- Ids of sagas go on after those of all actions that there ever were.

-- +goose Up
SELECT setval('sagas_id_seq', greatest(last_value, coalesce((SELECT max(id) FROM actions), 0), 1),
    is_called OR EXISTS (SELECT 1 FROM actions)) FROM actions_id_seq;

-- +goose Down
SELECT setval('actions_id_seq', greatest(last_value, coalesce((SELECT max(id) FROM actions), 0), 1),
    is_called OR EXISTS (SELECT 1 FROM actions)) FROM sagas_id_seq;
