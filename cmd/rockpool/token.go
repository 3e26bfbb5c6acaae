package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/ground/store"
	"github.com/rockpool-cloud/rockpool/internal/identity/account"
	"github.com/rockpool-cloud/rockpool/internal/identity/oauth"
)

type tokenCommand struct {
	Create tokenCreateCommand `cmd:"" help:"Make a personal access token and print it, this once."`
	List   tokenListCommand   `cmd:"" help:"List the tokens that are good, without their text."`
	Revoke tokenRevokeCommand `cmd:"" help:"Revoke a token. It is refused from the moment this command ends."`
}

type tokenCreateCommand struct {
	dataFlag
	Name string `help:"What the token is for." default:"command line"`
}

func (c *tokenCreateCommand) Run(ctx context.Context) error {
	db, err := c.existing(ctx)
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

type tokenListCommand struct{ dataFlag }

func (c *tokenListCommand) Run(ctx context.Context) error {
	db, err := c.existing(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	tokens, err := oauth.List(ctx, db, db.Now())
	if err != nil {
		return err
	}
	return printTokens(os.Stdout, tokens)
}

func printTokens(w io.Writer, tokens []oauth.Personal) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tNAME\tSCOPES\tCREATED\tLAST USED")
	for _, t := range tokens {
		used := "never"
		if !t.LastUsed.IsZero() {
			used = t.LastUsed.Format(time.RFC3339)
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\n", t.ID, t.Name, strings.Join(t.Scopes, " "), t.Created.Format(time.RFC3339), used)
	}
	return table.Flush()
}

type tokenRevokeCommand struct {
	dataFlag
	Token string `arg:"" help:"ID or name of the token, as token list shows them."`
}

func (c *tokenRevokeCommand) Run(ctx context.Context) error {
	db, err := c.existing(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	tokens, err := oauth.List(ctx, db, db.Now())
	if err != nil {
		return err
	}
	revoked, err := pickToken(tokens, c.Token)
	if err != nil {
		return err
	}
	inFile, err := c.keeps(ctx, db, revoked.ID)
	if err != nil {
		return err
	}
	if err := db.Write(ctx, func(tx *store.Tx) error { return oauth.Revoke(ctx, tx, revoked.ID) }); err != nil {
		return err
	}
	if inFile { // the file would lead users to a revoked token
		if err := os.Remove(c.where().Token()); err != nil {
			return err
		}
	}
	select {
	case <-time.After(oauth.Remembered): // a running cloud may accept the token until then
	case <-ctx.Done():
		return ctx.Err()
	}
	fmt.Printf("revoked token %d, %s\n", revoked.ID, revoked.Name)
	return nil
}

// pickToken returns the token with that id. If no token has the id, it
// returns the token with that name.
func pickToken(tokens []oauth.Personal, wanted string) (oauth.Personal, error) {
	var named []oauth.Personal
	for _, t := range tokens {
		if strconv.FormatInt(t.ID, 10) == wanted {
			return t, nil
		}
		if t.Name == wanted {
			named = append(named, t)
		}
	}
	switch len(named) {
	case 0:
		return oauth.Personal{}, fmt.Errorf("no token has the id or name %q; rockpool token list shows them all", wanted)
	case 1:
		return named[0], nil
	}
	return oauth.Personal{}, fmt.Errorf("%d tokens have the name %q; give the id of one, as rockpool token list shows it", len(named), wanted)
}

// keeps reports whether the file of the first token contains the token with
// that id.
func (d dataFlag) keeps(ctx context.Context, db *store.DB, id int64) (bool, error) {
	text, err := os.ReadFile(d.where().Token())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	kept, err := oauth.Find(ctx, db, strings.TrimSpace(string(text)))
	return err == nil && kept == id, err
}
