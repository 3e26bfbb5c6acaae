package store

// OpenLimit is how long a transaction stays open for those who wait.
const OpenLimit = openLimit

// Waiting returns how many writes wait for their turn.
func (db *DB) Waiting() int { return int(db.writer.waiting.Load()) }
