package api

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rockpool-cloud/rockpool/internal/front/schema"
	"github.com/rockpool-cloud/rockpool/internal/ground/apierr"
)

// The most that a form may have.
const (
	maxPairs = 1000
	maxDepth = 8
)

func tooManyPairs() error {
	return apierr.BadRequest("There are too many parameters; the maximum is %d.", maxPairs)
}

// pair is one name and value of a form or a query, in the order sent.
type pair struct{ name, value string }

// parseForm converts a form's pairs to parameters. A name is a path:
// a[b] is member b of object a, a[] the next element of array a, a[0] its
// first; a[][b] is member b of the array's last object, or of a new one if that
// has a b already. A value is a schema.Text; the values of a name that occurs
// several times without brackets are a schema.Repeated. Pairs without a name are
// ignored.
func parseForm(pairs []pair) (map[string]any, error) {
	root := &formNode{}
	for _, p := range pairs {
		if p.name == "" {
			continue
		}
		if !utf8.ValidString(p.name) || !utf8.ValidString(p.value) {
			return nil, apierr.BadRequest("The form is not UTF-8 in the parameter %q.", p.name[:min(len(p.name), maxMessage/10)])
		}
		path, err := formPath(p.name)
		if err != nil {
			return nil, err
		}
		root.add(path, p.value)
	}
	params := make(map[string]any, len(root.kids))
	for name, kid := range root.kids {
		value, err := kid.value(name)
		if err != nil {
			return nil, err
		}
		params[name] = value
	}
	return params, nil
}

// formPath splits a name with brackets into its parts. Any other name is one part.
func formPath(name string) ([]string, error) {
	first, rest, found := strings.Cut(name, "[")
	if !found || first == "" || !strings.HasSuffix(rest, "]") {
		return []string{name}, nil
	}
	inner := strings.TrimSuffix(rest, "]")
	if depth := strings.Count(inner, "][") + 2; depth > maxDepth {
		return nil, apierr.BadRequest("The parameter %q is nested %d deep, the maximum is %d.", shortened(name), depth, maxDepth)
	}
	return append([]string{first}, strings.Split(inner, "][")...), nil
}

// formNode is one value of a form: texts if it is plain, kids if it is an object or
// an array with indexes, items if it is an array without.
type formNode struct {
	texts []string
	kids  map[string]*formNode
	items []*formNode
}

func (n *formNode) add(path []string, value string) {
	if len(path) == 0 {
		n.texts = append(n.texts, value)
		return
	}
	part, rest := path[0], path[1:]
	if part == "" {
		last := len(n.items) - 1
		if len(rest) == 0 || last < 0 || n.items[last].has(rest) {
			n.items = append(n.items, &formNode{})
			last++
		}
		n.items[last].add(rest, value)
		return
	}
	if n.kids == nil {
		n.kids = map[string]*formNode{}
	}
	if n.kids[part] == nil {
		n.kids[part] = &formNode{}
	}
	n.kids[part].add(rest, value)
}

func (n *formNode) has(path []string) bool {
	for _, part := range path {
		if part == "" { // an inner array takes any number of elements
			return false
		}
		if n = n.kids[part]; n == nil {
			return false
		}
	}
	return true
}

// value returns the value of the node, whose parameter has that name. A list may
// mix all three notations: plain texts come first, then elements without an index,
// then those with one.
func (n *formNode) value(name string) (any, error) {
	elements, listed := n.indexed()
	switch {
	case !listed && len(n.texts)+len(n.items) > 0:
		return nil, apierr.BadRequest("The parameter %q is given both as an object, by the names of its members, and otherwise; send it in one way.", name)
	case !listed:
		return n.object(name)
	case len(n.items)+len(elements) > 0:
		return n.list(name, slices.Concat(n.items, elements))
	case len(n.texts) == 1:
		return schema.Text(n.texts[0]), nil
	}
	return schema.Repeated(n.texts), nil
}

func (n *formNode) object(name string) (any, error) {
	object := make(map[string]any, len(n.kids))
	for member, kid := range n.kids {
		value, err := kid.value(name + "[" + member + "]")
		if err != nil {
			return nil, err
		}
		object[member] = value
	}
	return object, nil
}

func (n *formNode) list(name string, elements []*formNode) (any, error) {
	list := make([]any, 0, len(n.texts)+len(elements))
	for _, text := range n.texts {
		list = append(list, schema.Text(text))
	}
	for _, element := range elements {
		value, err := element.value(name + "[]")
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	return list, nil
}

// indexed returns the kids in order if all their names are numbers, which is so if
// there are no kids.
func (n *formNode) indexed() ([]*formNode, bool) {
	var indexes []int
	for name := range n.kids {
		index, err := strconv.ParseUint(name, 10, 31)
		if err != nil || fmt.Sprint(index) != name {
			return nil, false
		}
		indexes = append(indexes, int(index))
	}
	slices.Sort(indexes)
	ordered := make([]*formNode, len(indexes))
	for i, index := range indexes {
		ordered[i] = n.kids[strconv.Itoa(index)]
	}
	return ordered, true
}
