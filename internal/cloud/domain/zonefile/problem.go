package zonefile

import "fmt"

// Problem is an error in a zone file, or a warning about it.
type Problem struct {
	Line     *int    `json:"line"`     // null if it is not about a single line
	Severity string  `json:"severity"` // error or warning
	Field    *string `json:"field"`    // attribute of a record, null if it is about the whole line
	Message  string  `json:"message"`
}

// The severities of problems.
const (
	SeverityError   = "error"
	SeverityWarning = "warning"
)

// NewProblem makes a problem; a line of 0 and an empty field become null.
func NewProblem(line int, severity, field, format string, args ...any) Problem {
	problem := Problem{Severity: severity, Message: fmt.Sprintf(format, args...)}
	if line > 0 {
		problem.Line = &line
	}
	if field != "" {
		problem.Field = &field
	}
	return problem
}

// Compare orders problems by their lines; those about no single line come first.
func (p Problem) Compare(other Problem) int {
	line := func(p Problem) int {
		if p.Line == nil {
			return 0
		}
		return *p.Line
	}
	return line(p) - line(other)
}

// warn and reject add a problem to those of the file.
func (p *parser) warn(line int, field, format string, args ...any) {
	p.file.Problems = append(p.file.Problems, NewProblem(line, SeverityWarning, field, format, args...))
}

func (p *parser) reject(line int, field, format string, args ...any) {
	p.file.Problems = append(p.file.Problems, NewProblem(line, SeverityError, field, format, args...))
}
