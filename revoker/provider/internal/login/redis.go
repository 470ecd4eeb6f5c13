package login

import (
	"strconv"
	"strings"
)

// maxLine is the longest answer of Redis that is read, in bytes.
const maxLine = 512

// redis logs in to Redis and what speaks its protocol. The only login there is shows the password itself.
// https://redis.io/docs/latest/commands/auth/
//
// Addresses often hold a user that the server never had, which clients before Redis 6 did not send. So where a user is refused
// the password is tried alone, as the default user's, over the same connection.
func redis(s *session) (Answer, error) {
	if !s.vouched() {
		return s.needsTrust(), nil
	}
	logins := [][]string{{"AUTH", s.request.Password}}
	if s.request.User != "" {
		logins = [][]string{{"AUTH", s.request.User, s.request.Password}, {"AUTH", s.request.Password}}
	}
	var answer Answer
	for _, words := range logins {
		if err := s.write(respArray(words)); err != nil {
			return Answer{}, err
		}
		line, err := s.line()
		if err != nil {
			return Answer{}, err
		}
		said, err := s.auth(line)
		if err != nil || said.Result == Accepted {
			return said, err
		}
		if answer.Result == Unclear {
			answer = said
		}
	}
	return answer, nil
}

// respArray writes a command in RESP, which both versions of the protocol share.
// https://redis.io/docs/latest/develop/reference/protocol-spec/
func respArray(words []string) []byte {
	var b strings.Builder
	b.WriteString("*" + strconv.Itoa(len(words)) + "\r\n")
	for _, w := range words {
		b.WriteString("$" + strconv.Itoa(len(w)) + "\r\n" + w + "\r\n")
	}
	return []byte(b.String())
}

// line reads one line.
func (s *session) line() (string, error) {
	var line []byte
	for len(line) < maxLine {
		b, err := s.read(1)
		if err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		line = append(line, b[0])
	}
	return "", s.garbled()
}

// auth reads the answer to AUTH. Before version 6 a wrong password had no name of its own.
func (s *session) auth(line string) (Answer, error) {
	word, _, _ := strings.Cut(line, " ")
	switch {
	case line == "+OK":
		return Answer{Result: Accepted, Why: "accepted the login"}, nil
	case word == "-WRONGPASS", line == "-ERR invalid password":
		return Answer{Result: Refused, Why: "refused the user or the password"}, nil
	case strings.Contains(line, "no password is set"), strings.Contains(line, "without any password configured"):
		return unclear("asks nobody for a password, which proves nothing"), nil
	case strings.HasPrefix(word, "-"):
		return unclear("ended the login before the password"), nil
	}
	return Answer{}, s.garbled()
}
