package main

import (
	"context"
	"fmt"

	"github.com/rockpool-cloud/rockpool/internal/account"
	"github.com/rockpool-cloud/rockpool/internal/oauth"
	"github.com/rockpool-cloud/rockpool/internal/store"
)

type tokenCommand struct {
	Create tokenCreateCommand `cmd:"" help:"Make a personal access token and print it, this once."`
}

type tokenCreateCommand struct {
	dataFlag
	Name string `help:"What the token is for." default:"command line"`
}

func (c *tokenCreateCommand) Run(ctx context.Context) error {
	if err := c.make(); err != nil {
		return err
	}
	db, err := store.Open(ctx, c.database())
	if err != nil {
		return err
	}
	defer db.Close()
	var token string
	err = db.Write(ctx, func(tx *store.Tx) error {
		accountID, err := account.First(ctx, tx)
		if err != nil {
			return err
		}
		token, err = oauth.CreatePersonal(ctx, tx, accountID, c.Name, oauth.Full)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Println(token)
	return nil
}

const firstTokenName = "first"

// firstToken makes the first account and its first token, unless it has been
// made before. The token is in its file before it is in the database: a crash
// between the two makes both anew.
func firstToken(ctx context.Context, db *store.DB, data dataFlag) error {
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
		return writeFile(data.token(), token+"\n", 0o600)
	})
}
