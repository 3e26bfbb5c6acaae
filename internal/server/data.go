package server

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/identity/account"
	"github.com/rockpool-cloud/rockpool/internal/identity/oauth"
)

// Data is where a cloud keeps everything.
type Data struct {
	Folder   string
	Database string // URL of a PostgreSQL database; empty for an SQLite file in the folder
}

// Source names the database, as store.Open takes it.
func (d Data) Source() string {
	if d.Database != "" {
		return d.Database
	}
	return filepath.Join(d.Folder, "rockpool.db")
}

// Images is the folder of disk images.
func (d Data) Images() string { return filepath.Join(d.Folder, "images") }

// Droplets is the folder that has a folder for each machine.
func (d Data) Droplets() string { return filepath.Join(d.Folder, "droplets") }

// Token is the file with the first token.
func (d Data) Token() string { return filepath.Join(d.Folder, "token") }

// URL is the file with the URL of the API, for commands that call it.
func (d Data) URL() string { return filepath.Join(d.Folder, "url") }

// WriteURL writes the file with the URL of the API.
func (d Data) WriteURL(url string) error { return writeFile(d.URL(), url+"\n", 0o644) }

const firstTokenName = "first"

// MakeFirstToken makes the first account and its first token, unless an earlier
// start has. The token is in its file before it is in the database: after a
// crash between the two, the next start makes both anew.
func (d Data) MakeFirstToken(ctx context.Context, db *store.DB) error {
	return db.Write(ctx, func(tx *store.Tx) error {
		accountID, err := account.First(ctx, tx)
		if err != nil {
			return err
		}
		if made, err := oauth.Exists(ctx, tx, accountID, firstTokenName); err != nil || made {
			return err
		}
		token, err := oauth.CreatePersonal(ctx, tx, accountID, firstTokenName, oauth.Full)
		if err != nil {
			return err
		}
		return writeFile(d.Token(), token+"\n", 0o600)
	})
}

// writeFile replaces the file at path in one step. The file and its name are on
// the disk when it returns.
func writeFile(path, text string, mode os.FileMode) error {
	temporary := path + ".new"
	file, err := os.OpenFile(temporary, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
