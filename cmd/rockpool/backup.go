package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
)

// backupCommand copies the database. It contains everything that the cloud
// knows: accounts, hashes of tokens, SSH keys, droplets, domains with their
// keys, and actions. It does not contain the disks of droplets.
type backupCommand struct {
	dataFlag
	File    string `arg:"" help:"The backup, an SQLite database. The disks of droplets are not in it; keys and the hashes of tokens are." type:"path"`
	Replace bool   `help:"Write over the file if it is there." env:"-"`
}

func (c *backupCommand) Run(ctx context.Context) error {
	if c.Database != "" {
		return errors.New("a PostgreSQL database is backed up by its own tools: pg_dump --format=custom --file=FILE")
	}
	err := store.Backup(ctx, c.where().Source(), c.File, c.Replace)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s is there already; choose another file, or write over it by --replace", c.File)
	case err != nil:
		return fmt.Errorf("back up: %w", err)
	}
	fmt.Printf("%s has all of %s but the disks of its droplets\n", c.File, c.Data)
	return nil
}

// restoreCommand replaces the database by a backup. The cloud must not run.
type restoreCommand struct {
	dataFlag
	File    string `arg:"" help:"The backup." type:"existingfile"`
	Replace bool   `help:"Replace the database that is there. It is kept under another name." env:"-"`
}

func (c *restoreCommand) Run(ctx context.Context) error {
	if c.Database != "" {
		return errors.New("a PostgreSQL database is restored by its own tools: pg_restore --clean --dbname=NAME FILE")
	}
	if err := c.make(); err != nil {
		return err
	}
	lock, err := c.lock(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	kept, err := store.Restore(ctx, c.File, c.where().Source(), c.Replace)
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s has a database already; choose another folder by --data, or replace it by --replace", c.Data)
	case errors.Is(err, store.ErrInUse):
		return fmt.Errorf("%w; try again when it has ended", err)
	case err != nil:
		return fmt.Errorf("restore: %w", err)
	}
	if kept != "" {
		fmt.Printf("The database that was there is kept as %s\n", kept)
	}
	fmt.Printf("%s is as it was when %s was made. Tokens of that time are good; another is made by: rockpool token create --data %s\n", c.Data, c.File, c.Data)
	return nil
}
