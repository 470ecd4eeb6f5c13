package login

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
)

// The protocol: https://www.postgresql.org/docs/current/protocol-flow.html and protocol-message-formats.html.
const (
	pgVersion    = 3 << 16
	pgSSLRequest = 80877103

	// What an authentication message asks for.
	pgOK        = 0
	pgCleartext = 3
	pgMD5       = 5
	pgSASL      = 10
	pgSASLMore  = 11
	pgSASLFinal = 12
)

// postgres logs in to PostgreSQL.
func postgres(ctx context.Context, s *session) (Answer, error) {
	if why := pgNames(s.request); why != "" {
		return unclear(why), nil
	}
	if done, err := pgStartTLS(ctx, s); done.Why != "" || err != nil {
		return done, err
	}
	p := &pgLogin{session: s}
	if err := s.write(pgStartup(s.request)); err != nil {
		return Answer{}, err
	}
	for {
		kind, body, err := p.receive()
		if err != nil {
			return p.broken(err)
		}
		if done, err := p.take(kind, body); done.Why != "" || err != nil {
			return done, err
		}
	}
}

// pgNames says what is wrong with the names of a request; "" where nothing is.
func pgNames(r Request) string {
	switch {
	case r.User == "":
		return "the address names no user"
	case strings.Contains(r.User+r.Database+r.Password, "\x00"):
		return "the address holds a zero byte"
	}
	return ""
}

// pgStartTLS asks for TLS and starts it where the server has it.
func pgStartTLS(ctx context.Context, s *session) (Answer, error) {
	ask := binary.BigEndian.AppendUint32([]byte{0, 0, 0, 8}, pgSSLRequest)
	if err := s.write(ask); err != nil {
		return Answer{}, err
	}
	said, err := s.read(1)
	switch {
	case err != nil:
		return Answer{}, err
	case said[0] == 'S':
		return Answer{}, s.secure(ctx)
	case said[0] != 'N':
		return Answer{}, s.garbled()
	}
	return Answer{}, nil
}

// pgStartup is the first message.
func pgStartup(r Request) []byte {
	body := binary.BigEndian.AppendUint32(nil, pgVersion)
	for _, text := range []string{"user", r.User, "database", r.Database} {
		if r.Database == "" && text == "database" {
			break
		}
		body = append(append(body, text...), 0)
	}
	body = append(body, 0)
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)
}

// pgLogin is a login under way.
type pgLogin struct {
	*session
	scram conversation
	// asked says that the server asked for a password, proven that it showed that it knows it too, passed that it took it.
	asked, proven, passed bool
}

// receive reads one message.
func (p *pgLogin) receive() (kind byte, body []byte, err error) {
	head, err := p.read(5)
	if err != nil {
		return 0, nil, err
	}
	body, err = p.read(int(int32(binary.BigEndian.Uint32(head[1:]))) - 4)
	return head[0], body, err
}

// send writes one message of a password or of SASL.
func (p *pgLogin) send(body []byte) error {
	message := binary.BigEndian.AppendUint32([]byte{'p'}, uint32(len(body)+4))
	return p.write(append(message, body...))
}

// broken is the answer where the connection broke: what the server said of the password before stands.
func (p *pgLogin) broken(err error) (Answer, error) {
	if p.passed {
		return Answer{Result: Accepted, Why: "accepted the login"}, nil
	}
	return Answer{}, err
}

// take takes one message. An answer without words means to go on.
func (p *pgLogin) take(kind byte, body []byte) (Answer, error) {
	switch {
	case kind == 'R' && len(body) >= 4 && !p.passed:
		return p.authenticate(binary.BigEndian.Uint32(body), body[4:])
	case kind == 'E':
		return p.refused(body)
	case kind == 'Z' && p.passed:
		_ = p.write([]byte{'X', 0, 0, 0, 4})
		return Answer{Result: Accepted, Why: "accepted the login"}, nil
	case kind == 'N' || kind == 'v' || p.passed && (kind == 'S' || kind == 'K'):
		return Answer{}, nil
	}
	return Answer{}, p.garbled()
}

// authenticate does what an authentication message asks for.
func (p *pgLogin) authenticate(wants uint32, body []byte) (Answer, error) {
	switch wants {
	case pgOK:
		p.passed = true
		return p.unproven(), nil
	case pgCleartext:
		if !p.vouched() {
			return p.needsTrust(), nil
		}
		return Answer{}, p.password(p.request.Password)
	case pgMD5:
		return Answer{}, p.password("md5" + pgDigest(pgDigest(p.request.Password+p.request.User)+string(body)))
	case pgSASL:
		return p.startSASL(body)
	case pgSASLMore:
		reply, ok := p.continueSASL(body)
		if !ok {
			return unclear("sent a SCRAM challenge that is not answered"), nil
		}
		return Answer{}, p.send([]byte(reply))
	case pgSASLFinal:
		_, ok := p.continueSASL(body)
		p.proven = ok
		return Answer{}, nil
	}
	return unclear("wants a kind of login without a password"), nil
}

// unproven is the answer where the server let us in without a proof that it looked at the password.
func (p *pgLogin) unproven() Answer {
	switch {
	case !p.asked:
		return unclear("let us in without asking for the password, which proves nothing")
	case p.scram.ClientConversation != nil && !p.proven:
		return unclear("let us in without showing that it knows the password, which proves nothing")
	}
	return Answer{}
}

// password sends a password, or what stands for it.
func (p *pgLogin) password(text string) error {
	p.asked = true
	return p.send(append([]byte(text), 0))
}

func pgDigest(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// startSASL begins SCRAM where the server has it.
func (p *pgLogin) startSASL(body []byte) (Answer, error) {
	offered := strings.Split(string(body), "\x00")
	if !slices.Contains(offered, scramSHA256) {
		return unclear("wants a kind of login that is not SCRAM-SHA-256"), nil
	}
	// PostgreSQL takes the user from the startup message and wants none here.
	talk, err := converse("", p.request.Password)
	if err != nil {
		return unclear("the password cannot be used with SCRAM"), nil
	}
	first, _ := talk.answer("")
	p.scram, p.asked = talk, true
	message := append([]byte(scramSHA256), 0)
	message = binary.BigEndian.AppendUint32(message, uint32(len(first)))
	return Answer{}, p.send(append(message, first...))
}

func (p *pgLogin) continueSASL(body []byte) (reply string, ok bool) {
	if p.scram.ClientConversation == nil {
		return "", false
	}
	return p.scram.answer(string(body))
}

// sqlState is the form of an error's code.
var sqlState = regexp.MustCompile(`^[0-9A-Z]{5}$`)

// refused reads an error. 28000 is said of a user that may not log in, and also of an address that no line of pg_hba.conf
// allows or whose line wants something else than the password of the role: which of them is told by the routine that the error comes
// from, and only PostgreSQL itself tells it.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func (p *pgLogin) refused(body []byte) (Answer, error) {
	code, routine := "", ""
	for _, field := range bytes.Split(body, []byte{0}) {
		switch {
		case len(field) > 0 && field[0] == 'C':
			code = string(field[1:])
		case len(field) > 0 && field[0] == 'R':
			routine = string(field[1:])
		}
	}
	if !sqlState.MatchString(code) {
		return Answer{}, p.garbled()
	}
	state := " (SQLSTATE " + code + ")"
	switch {
	case code == "28P01" && !p.passed:
		return Answer{Result: Refused, Why: "refused the user or the password" + state}, nil
	case code == "28000" && routine == "InitializeSessionUserId":
		return Answer{Result: Refused, Why: "knows no such user that may log in" + state}, nil
	case code == "28000":
		return unclear("takes no such login from this address" + state), nil
	case p.passed:
		return Answer{Result: Accepted, Why: "accepted the password, and then ended the session" + state}, nil
	}
	return unclear("ended the login before the password" + state), nil
}
