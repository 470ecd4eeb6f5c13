package login

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"time"
)

// Kind is a protocol.
type Kind string

// The protocols.
const (
	PostgreSQL Kind = "postgres"
	MySQL      Kind = "mysql"
	MongoDB    Kind = "mongodb"
	Redis      Kind = "redis"
)

// Request is one login.
type Request struct {
	Kind Kind
	// Host is the name that the server's certificate is checked for.
	Host string
	// User and Password are shown to the server. Only Redis has logins without a user.
	User, Password string
	// Database is the database that PostgreSQL is asked for (empty: that of the user's name), and the one that MongoDB keeps the
	// user in (empty: admin).
	Database string
	// TLS says that the connection begins with TLS (rediss, MongoDB with tls=true). PostgreSQL and MySQL start it by themselves.
	TLS bool
	// Roots verify the server's certificate. nil: those of the machine.
	Roots *x509.CertPool
	// Plain allows the password itself on a connection that nobody vouches for.
	Plain bool
}

// Result is what a server says of a login.
type Result int

// The results.
const (
	Unclear Result = iota
	Accepted
	Refused
)

// Answer is a server's answer.
type Answer struct {
	Result Result
	// Why says in words how the answer was read: "refused the password (SQLSTATE 28P01)". It holds nothing of the server's texts but
	// codes of a fixed form.
	Why string
	// Trusted says that the connection was under TLS with a certificate that is valid for the host.
	Trusted bool
	// Elsewhere says of a refusal that the server has the same words for the right password of an account that it keeps elsewhere, for
	// other addresses or in another database: it is one of the password only where another was accepted in the same place.
	Elsewhere bool
}

// Try logs in over a fresh connection, leaves, and closes the connection. An error is one of the wire (an *x509 or *tls error, a
// net.Error, io.EOF); it may hold what the server sent and is for classification, not for people. It is the context's where that
// ended.
func Try(ctx context.Context, conn net.Conn, r Request) (Answer, error) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	s := &session{conn: conn, request: r, left: maxTotal, loopback: isLoopback(conn)}
	answer, err := s.login(ctx)
	if ctx.Err() != nil && answer.Result == Unclear {
		return Answer{Why: "stopped"}, ctx.Err()
	}
	var odd *strange
	if errors.As(err, &odd) {
		return Answer{Why: odd.Error()}, nil
	}
	answer.Trusted = s.trusted
	return answer, err
}

// login runs the protocol of the request.
func (s *session) login(ctx context.Context) (Answer, error) {
	if s.request.TLS {
		if err := s.secure(ctx); err != nil {
			return Answer{}, err
		}
	}
	switch s.request.Kind {
	case PostgreSQL:
		return postgres(ctx, s)
	case MySQL:
		return mysql(ctx, s)
	case MongoDB:
		return mongodb(ctx, s)
	case Redis:
		return redis(s)
	}
	return unclear("there is no login of this kind"), nil
}

func unclear(why string) Answer { return Answer{Why: why} }

// needsTrust is the answer where a server wants the password itself and nothing vouches for the connection.
func (s *session) needsTrust() Answer {
	how := "a connection without encryption"
	if s.encrypted {
		how = "TLS with a certificate that is not valid for the host"
	}
	return unclear("wants the password itself over " + how + ", where it is not sent: name the host in network.plain_logins if that is meant")
}

// strange is an answer that the protocol does not have, in words.
type strange struct{ of Kind }

// Error implements error.
func (e *strange) Error() string {
	return "answered in a way that " + map[Kind]string{
		PostgreSQL: "PostgreSQL", MySQL: "MySQL", MongoDB: "MongoDB", Redis: "Redis",
	}[e.of] + " does not"
}
