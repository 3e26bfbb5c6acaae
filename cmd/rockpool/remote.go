package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rockpool-cloud/rockpool/internal/machines/compute"
)

// remoteFlags choose the cloud of a command: the cloud in a folder, or the
// cloud that the environment names for doctl.
type remoteFlags struct {
	Data  string `help:"Folder of the cloud. Default: the cloud of DIGITALOCEAN_API_URL and DIGITALOCEAN_ACCESS_TOKEN, or else the folder ${data}." type:"path"`
	URL   string `hidden:"" name:"api-url" env:"DIGITALOCEAN_API_URL"`
	Token string `hidden:"" name:"access-token" env:"DIGITALOCEAN_ACCESS_TOKEN"`
}

// folder returns the data folder of a cloud on this machine.
func (f remoteFlags) folder() dataFlag {
	if f.Data == "" {
		return dataFlag{Data: defaultData()}
	}
	return dataFlag{Data: f.Data}
}

// remote is the API of a running cloud.
type remote struct{ url, token string }

func (f remoteFlags) open() (remote, error) {
	if f.Data == "" && f.URL != "" && f.Token != "" {
		return remote{strings.TrimSuffix(f.URL, "/"), f.Token}, nil
	}
	return f.openFolder()
}

// openFolder returns the cloud in the folder. It ignores the environment,
// because a droplet of another cloud may have the same id.
func (f remoteFlags) openFolder() (remote, error) {
	folder := f.folder()
	url, err := os.ReadFile(folder.where().URL())
	if err != nil {
		return remote{}, fmt.Errorf("%w: no cloud has been started in %s; give its folder by --data", err, folder.Data)
	}
	r := remote{url: strings.TrimSpace(string(url))}
	if strings.TrimSuffix(f.URL, "/") == r.url && f.Token != "" {
		r.token = f.Token
		return r, nil
	}
	token, err := os.ReadFile(folder.where().Token())
	if err != nil {
		return remote{}, fmt.Errorf("%w; set DIGITALOCEAN_API_URL to %s, and DIGITALOCEAN_ACCESS_TOKEN", err, r.url)
	}
	r.token = strings.TrimSpace(string(token))
	return r, nil
}

// found is the part of a droplet that these commands use.
type found struct {
	ID       int64             `json:"id"`
	Name     string            `json:"name"`
	Status   string            `json:"status"`
	Created  string            `json:"created_at"`
	PublicIP *string           `json:"public_ip"`
	Forwards []compute.Forward `json:"forwards"`
	Features []string          `json:"features"`
}

// droplet returns the droplet with that name. If no droplet has the name, it
// returns the droplet with that id.
func (r remote) droplet(ctx context.Context, wanted string) (found, error) {
	if wanted == "" {
		return found{}, errors.New("name a droplet, by its name or its id")
	}
	var list struct{ Droplets []found }
	if err := r.get(ctx, "/v2/droplets?per_page=200&name="+url.QueryEscape(wanted), &list); err != nil {
		return found{}, err
	}
	switch len(list.Droplets) {
	case 1:
		return list.Droplets[0], nil
	case 0:
		if _, err := strconv.ParseInt(wanted, 10, 64); err == nil {
			var one struct{ Droplet found }
			if err := r.get(ctx, "/v2/droplets/"+wanted, &one); !errors.Is(err, errNotThere) {
				return one.Droplet, err
			}
		}
		return found{}, fmt.Errorf("no droplet has the name or id %q; list them with: doctl compute droplet list", wanted)
	}
	ids := make([]string, len(list.Droplets))
	for i, d := range list.Droplets {
		ids[i] = strconv.FormatInt(d.ID, 10)
	}
	return found{}, fmt.Errorf("%d droplets have the name %q; give the id of one: %s", len(ids), wanted, strings.Join(ids, ", "))
}

var errNotThere = errors.New("it is not there")

func (r remote) get(ctx context.Context, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+r.token)
	response, err := http.DefaultClient.Do(request)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("no cloud answers at %s; start it with: rockpool serve", r.url)
	}
	if err != nil {
		return fmt.Errorf("ask the cloud: %w", err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("ask the cloud: %w", err)
	}
	switch response.StatusCode {
	case http.StatusOK:
		return json.Unmarshal(text, into)
	case http.StatusNotFound:
		return errNotThere
	case http.StatusUnauthorized:
		return fmt.Errorf("%s does not accept the token; make one with: rockpool token create", r.url)
	}
	var body struct{ Message string }
	_ = json.Unmarshal(text, &body) // without a message, the error has only the status
	return fmt.Errorf("%s answers %s: %s", r.url, response.Status, body.Message)
}

// mustRun returns an error if the droplet does not run.
func (d found) mustRun() error {
	switch d.Status {
	case "active":
		return nil
	case "new":
		return fmt.Errorf("%s is still being made", d.Name)
	}
	return fmt.Errorf("%s is off; switch it on with: doctl compute droplet-action power-on %d", d.Name, d.ID)
}
