package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"
)

// changer is a client that changes records, and remembers the changes.
type changer struct {
	asker
	world  *changedWorld
	number int
	made   int // number of created records
}

// until changes records until the time is up, and then closes its sockets.
func (c *changer) until(ends time.Time, change func(*changer) error) error {
	defer c.close()
	for time.Now().Before(ends) {
		if err := change(c); err != nil {
			return err
		}
	}
	return nil
}

// host returns a name that no other client uses, and that has not been used
// before.
func (c *changer) host() string {
	c.made++
	return fmt.Sprintf("host%d-%d", c.number, c.made)
}

// data returns an address that this client has not used for long.
func (c *changer) data(version int) string {
	return fmt.Sprintf("10.%d.%d.%d", c.number, c.made>>6&0xff, c.made&0x3f<<2|version)
}

// changeOne creates a record, updates it and deletes it, and queries it after
// each step.
func (c *changer) changeOne() error {
	domain := changedDomain(rand.IntN(changedDomains))
	path, host := "/domains/"+domain+"/records", c.host()
	name := host + "." + domain + "."
	var made struct {
		Record recordID `json:"domain_record"`
	}
	first, second := c.data(1), c.data(2)
	if err := c.change(http.MethodPost, path, fmt.Sprintf(`{"type": "A", "name": %q, "data": %q}`, host, first), &made); err != nil {
		return err
	}
	if err := c.expect(name, first); err != nil {
		return err
	}
	path = fmt.Sprintf("%s/%d", path, made.Record.ID)
	if err := c.change(http.MethodPatch, path, fmt.Sprintf(`{"data": %q}`, second), nil); err != nil {
		return err
	}
	if err := c.expect(name, second); err != nil {
		return err
	}
	if err := c.change(http.MethodDelete, path, "", nil); err != nil {
		return err
	}
	return c.expect(name)
}

type recordID struct {
	ID int64 `json:"id"`
}

// changeMany does the same with many records in three batches.
func (c *changer) changeMany() error {
	domain := changedDomain(rand.IntN(changedDomains))
	path := "/domains/" + domain + "/records"
	var names, first, second, create, update, remove []string
	for range changesOfABatch {
		host := c.host()
		names = append(names, host+"."+domain+".")
		first, second = append(first, c.data(1)), append(second, c.data(2))
		create = append(create, fmt.Sprintf(`{"type": "A", "name": %q, "data": %q}`, host, c.data(1)))
	}
	var made struct {
		Changes struct{ Create []recordID }
	}
	if err := c.change(http.MethodPatch, path, `{"create": [`+strings.Join(create, ",")+`]}`, &made); err != nil {
		return err
	}
	for i, r := range made.Changes.Create {
		if err := c.expect(names[i], first[i]); err != nil {
			return err
		}
		update = append(update, fmt.Sprintf(`{"id": %d, "data": %q}`, r.ID, second[i]))
		remove = append(remove, fmt.Sprint(r.ID))
	}
	if err := c.change(http.MethodPatch, path, `{"update": [`+strings.Join(update, ",")+`]}`, nil); err != nil {
		return err
	}
	for i, name := range names {
		if err := c.expect(name, second[i]); err != nil {
			return err
		}
	}
	if err := c.change(http.MethodPatch, path, `{"delete": [`+strings.Join(remove, ",")+`]}`, nil); err != nil {
		return err
	}
	for _, name := range names {
		if err := c.expect(name); err != nil {
			return err
		}
	}
	return nil
}

// change calls the API and takes a sample.
func (c *changer) change(method, path, body string, into any) error {
	began := time.Now()
	text, err := c.world.call(method, path, body)
	c.took = append(c.took, milliseconds(time.Since(began)))
	if err != nil || into == nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// call sends a request and returns the response body. A status that is not
// 2xx is an error.
func (w *changedWorld) call(method, path, body string) ([]byte, error) {
	request, err := http.NewRequest(method, w.server.URL+"/v2"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+w.server.Token)
	request.Header.Set("Content-Type", "application/json")
	response, err := w.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, response.Status, text)
	}
	return text, err
}

func (w *changedWorld) mustCall(b *testing.B, method, path, body string) {
	b.Helper()
	if _, err := w.call(method, path, body); err != nil {
		b.Fatal(err)
	}
}
