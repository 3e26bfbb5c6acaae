package torture

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
)

// backUpDatabase copies the database in two ways while the program runs, and then
// kills the program.
var backUpDatabase = Attack{
	Name: "back up the database",
	Fits: hasFile,
	Strike: func(w *world, dice *rand.Rand) {
		copies := w.tb.TempDir()
		byShell, byUs := filepath.Join(copies, "shell.db"), filepath.Join(copies, "rockpool.db")
		if w.sqlite3(fmt.Sprintf(`.backup '%s'`, byShell)) {
			w.struck("backups")
			w.intact(byShell)
		}
		w.struck("backups")
		w.run("backup", byUs)
		w.intact(byUs)
		w.acknowledged(1 + dice.IntN(w.kind.strides))
		w.crash()
		w.Start()
	},
}

// restoreBackup kills the program, backs its database up, and restores that
// backup, which has everything that was acknowledged.
var restoreBackup = Attack{
	Name: "restore a backup",
	Fits: hasFile,
	Strike: func(w *world, _ *rand.Rand) {
		copied := filepath.Join(w.tb.TempDir(), "rockpool.db")
		w.crash()
		w.struck("restores")
		w.run("backup", copied)
		w.run("restore", "--replace", copied)
		w.Start()
	},
}

func (w *world) run(args ...string) {
	if output, err := w.Run(args...); err != nil {
		w.tb.Errorf("%v: %s", err, output)
	}
}

// intact fails the test if a copy of the database is damaged.
func (w *world) intact(path string) {
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		w.tb.Error(err)
		return
	}
	defer db.Close()
	found, err := intact(w.tb.Context(), db)
	if err != nil || len(found) > 0 {
		w.tb.Errorf("the copy of the database: %v, %v", found, err)
	}
}
