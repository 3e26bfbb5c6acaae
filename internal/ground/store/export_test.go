package store

// OpenLimit is how long a transaction stays open for those who wait.
const OpenLimit = openLimit

// Readers is how many connections there are for reading.
const Readers = readers

// Waiting returns how many writes wait for their turn.
func (db *DB) Waiting() int { return int(db.writer.waiting.Load()) }

// SyncFolder has the names in a folder on disk.
var SyncFolder = syncFolder
