package torture

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
)

// lookEnv is the environment variable with the path of a database. A process of
// this test program that has it reads the database and exits.
const lookEnv = "ROCKPOOL_TORTURE_LOOK"

func hasFile(w *world) bool { return w.postgres == nil }

// lookAtDatabase lets other processes open, read and close the database's file. If
// the program has lost its locks on the file, they remove the log that the
// program writes to. A kill then shows what was lost.
var lookAtDatabase = Attack{
	Name: "look at the database",
	Fits: hasFile,
	Strike: func(w *world, dice *rand.Rand) {
		w.struck("looks")
		w.lookByUs()
		w.sqlite3(`SELECT count(*) FROM droplets`)
		w.acknowledged(1 + dice.IntN(w.kind.strides))
		w.crash()
		w.Start()
	},
}

// lookByUs reads the database in another process of this test program.
func (w *world) lookByUs() {
	self := exec.Command("/proc/self/exe")
	self.Env = append(os.Environ(), lookEnv+"="+w.databaseFile())
	if output, err := self.CombinedOutput(); err != nil {
		w.tb.Errorf("look at %s: %v: %s", w.databaseFile(), err, output)
	}
}

// looked reads the database in the process that lookByUs starts. In all other
// processes done is false.
func looked() (status int, done bool) {
	path := os.Getenv(lookEnv)
	if path == "" {
		return 0, false
	}
	db, err := sql.Open("sqlite", "file:"+path)
	if err == nil {
		_, err = number(context.Background(), db, `SELECT count(*) FROM droplets`)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1, true
	}
	db.Close()
	return 0, true
}

// sqlite3 runs a command of SQLite's own shell, if that is installed.
func (w *world) sqlite3(command string) bool {
	path, err := exec.LookPath("sqlite3")
	if err != nil {
		return false
	}
	output, err := exec.Command(path, "-cmd", ".timeout 10000", w.databaseFile(), command).CombinedOutput()
	if err != nil {
		w.tb.Errorf("sqlite3 %s: %v: %s", command, err, output)
	}
	return err == nil
}
