package schema

import (
	"encoding/json"
	"io"
	"math/big"
	"strconv"
	"strings"

	"github.com/rockpool-cloud/rockpool/internal/front/jsontext"
)

// broken replaces a literal that the decoder would change silently. Validate rejects
// it.
type broken struct{ error }

// findBroken returns the error of the first broken literal in a value.
func findBroken(value any) error {
	switch v := value.(type) {
	case broken:
		return v.error
	case []any:
		for _, item := range v {
			if err := findBroken(item); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, member := range v {
			if err := findBroken(member); err != nil {
				return err
			}
		}
	}
	return nil
}

// literal decodes a JSON array or object; nil for anything else.
func literal(text string) any {
	if !strings.HasPrefix(text, "[") && !strings.HasPrefix(text, "{") {
		return nil
	}
	if err := jsontext.Bounded([]byte(text)); err != nil {
		return broken{err}
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return nil
	}
	if _, err := decoder.Token(); err != io.EOF {
		return nil
	}
	if err := jsontext.Check([]byte(text)); err != nil {
		return broken{err}
	}
	return value
}

func commaSeparated(text string) []any {
	list := []any{}
	if text == "" {
		return list
	}
	for item := range strings.SplitSeq(text, ",") {
		list = append(list, strings.TrimSpace(item))
	}
	return list
}

func isNumber(n json.Number) bool {
	var value *float64 // nil of a null
	return json.Unmarshal([]byte(n), &value) == nil && value != nil
}

func coerceNumber(n json.Number, types map[string]bool) any {
	switch {
	case types["integer"]:
		return integer(n)
	case types["string"] && !types["number"]:
		return n.String()
	case types["boolean"] && (n == "0" || n == "1"):
		return n == "1"
	}
	return n
}

// integer converts a number without a fraction to a plain integer: 3.0 and 3e0 are
// 3. A number that is too large for an id stays unchanged, because it could have a
// million digits.
func integer(n json.Number) json.Number {
	if len(n) > 32 || exponent(n.String()) > 18 {
		return n
	}
	if r, ok := new(big.Rat).SetString(n.String()); ok && r.IsInt() {
		return json.Number(r.Num().String())
	}
	return n
}

// exponent returns the absolute value of a number's exponent; 0 without one.
func exponent(number string) int {
	_, text, found := strings.Cut(strings.ToLower(number), "e")
	if !found {
		return 0
	}
	e, err := strconv.Atoi(text)
	if err != nil {
		return 1 << 30
	}
	return max(e, -e)
}
