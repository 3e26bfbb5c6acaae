package domain

import "fmt"

// Problem is what is wrong with a zone file, or worth knowing before it is
// taken.
type Problem struct {
	Line     *int    `json:"line"`     // null if it is about no single line
	Severity string  `json:"severity"` // error or warning
	Field    *string `json:"field"`    // attribute of a record, null if it is about the whole line
	Message  string  `json:"message"`
}

// The severities of problems.
const (
	severityError   = "error"
	severityWarning = "warning"
)

func (p *fileParser) problem(line int, severity, field, format string, args ...any) {
	p.file.Problems = append(p.file.Problems, newProblem(line, severity, field, format, args...))
}

// newProblem makes a problem; the line may be 0 and the field empty.
func newProblem(line int, severity, field, format string, args ...any) Problem {
	problem := Problem{Severity: severity, Message: fmt.Sprintf(format, args...)}
	if line > 0 {
		problem.Line = &line
	}
	if field != "" {
		problem.Field = &field
	}
	return problem
}
