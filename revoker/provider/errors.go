package provider

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// callError is a call that failed. It says method, host and cause in words of our own: never a path, a query, a header, a
// body, or the text of an error that may quote one of them.
type callError struct {
	Method string
	// Host is empty where the URL's host was not allowed.
	Host  string
	Cause string
	// Sent says that the issuer may have seen the request.
	Sent bool
	// network says that another try may go better.
	network bool
	// hold is how long limits or the issuer's Retry-After keep the call from being sent.
	hold time.Duration
	// is is context.Canceled, context.DeadlineExceeded or revoker.ErrStopped, where that is the cause.
	is error
}

// Error implements error.
func (e *callError) Error() string { return strings.TrimSpace(e.Method+" "+e.Host) + ": " + e.Cause }

// Unwrap lets errors.Is see a cancelled context and the kill switch.
func (e *callError) Unwrap() error { return e.is }

// classify says in fixed words why the wire failed. Texts of net/http are not used: they may quote what the issuer
// sent, and the issuer may have sent the key. ctx is the caller's.
func classify(ctx context.Context, err error, sent bool) *callError {
	if cause := ctx.Err(); cause != nil {
		return &callError{Cause: "stopped: " + cause.Error(), Sent: sent, is: cause}
	}
	for _, known := range causes {
		if known.match(err) {
			return &callError{Cause: known.words, Sent: sent, network: known.network}
		}
	}
	return &callError{Cause: "the connection broke before a whole reply was read", Sent: sent, network: true}
}

// causes are the failures that have words of their own, most telling first.
var causes = [...]struct {
	match   func(error) bool
	words   string
	network bool
}{
	{is(ssrf.ErrProhibitedIP), "the address is not a public one; allow its network in the configuration if it is yours", false},
	{is(ssrf.ErrProhibitedNetwork), "the address is not a TCP address", false},
	{is(errNotSimulated), "the host is not simulated", false},
	{as[*http.MaxBytesError], "the reply is longer than 1 MiB", false},
	{as[*tls.CertificateVerificationError], "TLS: the certificate is not valid for this host", false},
	{as[tls.RecordHeaderError], "TLS: the server does not speak it", false},
	{as[tls.AlertError], "TLS: the handshake was refused", false},
	{as[*net.DNSError], "the host's name could not be resolved", true},
	{is(syscall.ECONNREFUSED), "connection refused", true},
	{is(os.ErrDeadlineExceeded), "timed out", false},
	{is(context.DeadlineExceeded), "timed out", false},
	{timedOut, "timed out", false},
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func as[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

func timedOut(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
