package exchange

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"

	"github.com/k6-weir/xk6-weir/internal/record"
)

// failure is how an exchange ended other than in order.
type failure struct {
	end     record.End
	message string // empty where the end says it all
}

// endedBy tells how a cause of ours ended the exchange. It is false when there is none: then the
// peer or the network is to blame.
func endedBy(cause error) (failure, bool) {
	var timeout *expired
	switch {
	case cause == nil:
		return failure{}, false
	case errors.As(cause, &timeout):
		return failure{end: record.End{By: record.EndTimeout, Timeout: timeout.timeout}}, true
	case errors.Is(cause, errDrained), errors.Is(cause, errCancelled):
		return failure{end: record.End{By: record.EndCancelled}}, true
	default:
		return failure{end: record.End{By: record.EndInterrupted}}, true
	}
}

// failure of a round trip: no answer came.
func (t *trace) failure(cause, err error) failure {
	if ours, ok := endedBy(cause); ok {
		return ours
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	by := record.EndRefused
	switch {
	case isDNS(err):
		by = record.EndDNS
	case t.tlsFailed || isTLS(err):
		by = record.EndTLS
	case t.got():
		by = record.EndReset
	}
	return failure{end: record.End{By: by}, message: shortly(err)}
}

// cut is the failure of a body: the answer had begun.
func cut(cause, err error) failure {
	if ours, ok := endedBy(cause); ok {
		return ours
	}
	return failure{end: record.End{By: record.EndReset}, message: shortly(err)}
}

// isDNS: k6's resolver gives an error of its own, without a type, when a name has no address.
func isDNS(err error) bool {
	var lookup *net.DNSError
	return errors.As(err, &lookup) ||
		strings.HasPrefix(err.Error(), "lookup ") && strings.HasSuffix(err.Error(), "no such host")
}

func isTLS(err error) bool {
	var (
		alert   tls.AlertError
		header  tls.RecordHeaderError
		verify  *tls.CertificateVerificationError
		host    x509.HostnameError
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
	)
	return errors.As(err, &alert) || errors.As(err, &header) || errors.As(err, &verify) ||
		errors.As(err, &host) || errors.As(err, &unknown) || errors.As(err, &invalid)
}

// shortly says what went wrong without an address, a URL or a proxy's password. Go's errors quote
// all of these.
func shortly(err error) string {
	var errno syscall.Errno
	var wrong *url.Error
	switch {
	case errors.As(err, &errno):
		return errno.Error()
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "unexpected EOF"
	case errors.Is(err, io.EOF):
		return "EOF"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case isDNS(err):
		return "no such host"
	case errors.As(err, &wrong):
		return shortly(wrong.Err)
	}
	text := innermost(err).Error()
	if strings.Contains(text, "invalid proxy") {
		return "invalid proxy address"
	}
	text, _, _ = strings.Cut(text, "?")
	return text
}

func innermost(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
