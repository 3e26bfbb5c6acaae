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

// Data names the folder and the database of a cloud.
type Data struct {
	Folder   string
	Database string // URL of a PostgreSQL database; empty for an SQLite file in the folder
}

// Source returns the database in the form that store.Open takes.
func (d Data) Source() string {
	if d.Database != "" {
		return d.Database
	}
	return filepath.Join(d.Folder, "rockpool.db")
}

// Images is the folder of disk images.
func (d Data) Images() string { return filepath.Join(d.Folder, "images") }

// Droplets is the folder that contains one folder for each machine.
func (d Data) Droplets() string { return filepath.Join(d.Folder, "droplets") }

// Token is the file that contains the first token.
func (d Data) Token() string { return filepath.Join(d.Folder, "token") }

// URL is the file that contains the URL of the API, for commands that call
// the API.
func (d Data) URL() string { return filepath.Join(d.Folder, "url") }

// WriteURL writes the URL file.
func (d Data) WriteURL(url string) error { return writeFile(d.URL(), url+"\n", 0o644) }

const firstTokenName = "first"

// MakeFirstToken creates the first account and its first token, unless an
// earlier start has. It writes the token to its file before the database.
// After a crash between the two, the next start creates a new token.
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

// writeFile replaces the file at path atomically. The file and its name have
// been flushed to disk when it returns.
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
