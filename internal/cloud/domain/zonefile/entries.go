package zonefile

import (
	"iter"
	"strings"
)

// entry is one entry of a zone file, which is a record or a directive: joined to
// one line and without comments.
type entry struct {
	line     int // where it begins, from 1
	text     string
	problem  string // syntax error; empty if there is none
	indented bool   // it takes its owner from the entry before
}

// entries splits a zone file into its entries (RFC 1035, section 5.1). A quote that
// is not closed ends at the end of its line, so that the next entries can be read.
func entries(text string) iter.Seq[entry] {
	return func(yield func(entry) bool) {
		s := entryScanner{rest: text, line: 1}
		for s.rest != "" {
			e := s.next()
			if (e.problem != "" || strings.TrimSpace(e.text) != "") && !yield(e) {
				return
			}
		}
	}
}

type entryScanner struct {
	rest  string
	line  int
	depth int // of parentheses
	text  strings.Builder
	entry entry
}

func (s *entryScanner) next() entry {
	s.entry = entry{line: s.line, indented: strings.HasPrefix(s.rest, " ") || strings.HasPrefix(s.rest, "\t")}
	s.text.Reset()
	s.depth = 0
	for s.rest != "" {
		c := s.rest[0]
		s.rest = s.rest[1:]
		if c == '\n' {
			s.line++
			if s.depth == 0 {
				break
			}
		}
		s.char(c)
	}
	if s.depth > 0 {
		s.fail("a parenthesis is not closed")
	}
	s.entry.text = s.text.String()
	return s.entry
}

// char scans one character outside of quotes.
func (s *entryScanner) char(c byte) {
	switch {
	case c == '"':
		s.quoted()
	case c == ';':
		if end := strings.IndexByte(s.rest, '\n'); end >= 0 {
			s.rest = s.rest[end:]
		} else {
			s.rest = ""
		}
	case c == '(':
		s.depth++
		s.text.WriteByte(' ')
	case c == ')' && s.depth == 0:
		s.fail("a parenthesis is closed that was not opened")
	case c == ')':
		s.depth--
		s.text.WriteByte(' ')
	case c == '\n', c == '\r', c == '\t':
		s.text.WriteByte(' ')
	case c == '\\':
		s.text.WriteByte(c)
		s.escaped()
	case c < ' ':
		s.fail("there is a control character")
	default:
		s.text.WriteByte(c)
	}
}

// escaped scans the character after a backslash.
func (s *entryScanner) escaped() {
	if s.rest == "" || s.rest[0] == '\n' || s.rest[0] == '\r' {
		s.fail("there is nothing after a \\")
		return
	}
	s.text.WriteByte(s.rest[0])
	s.rest = s.rest[1:]
}

// quoted scans a string after its opening quote.
func (s *entryScanner) quoted() {
	s.text.WriteByte('"')
	for s.rest != "" && s.rest[0] != '\n' {
		c := s.rest[0]
		s.rest = s.rest[1:]
		s.text.WriteByte(c)
		switch c {
		case '"':
			return
		case '\\':
			s.escaped()
		}
	}
	s.fail("a quote is not closed")
}

func (s *entryScanner) fail(problem string) {
	if s.entry.problem == "" {
		s.entry.problem = problem
	}
}
