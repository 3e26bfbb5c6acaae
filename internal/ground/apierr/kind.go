package apierr

import "errors"

// Kind is what callers tell errors apart by.
type Kind int

// The kinds of errors. KindInternal is every error that is not an *Error: the
// server's own fault.
const (
	KindInternal Kind = iota
	KindBadRequest
	KindUnauthorized
	KindForbidden
	KindNotFound
	KindMethodNotAllowed
	KindConflict
	KindTooLarge
	KindUnsupportedMedia
	KindRange
	KindInvalid
	KindRefused
	KindTooManyRequests
	KindNotImplemented
	KindUnavailable
	kinds // their number
)

// Kinds returns every kind.
func Kinds() []Kind {
	all := make([]Kind, kinds)
	for i := range all {
		all[i] = Kind(i)
	}
	return all
}

// KindOf returns the kind of the Error in err's chain, KindInternal if there is
// none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return KindInternal
}
