package store

// OpenLimit is how long a group accepts further writes.
const OpenLimit = openLimit

// Readers is the number of connections for reading.
const Readers = readers

// Waiting returns the number of writes that wait for their turn.
func (db *DB) Waiting() int { return int(db.writer.waiting.Load()) }

// SyncFolder flushes the names in a folder to disk.
var SyncFolder = syncFolder
