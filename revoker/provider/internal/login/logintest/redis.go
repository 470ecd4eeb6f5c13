package logintest

import (
	"bufio"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
)

// Redis is a Redis server with one account; without a User its password is the default user's.
type Redis struct {
	Account
	// TLS says that connections begin with it.
	TLS bool
	// Old says that the server is older than version 6: it knows no users.
	Old bool
}

// Serve answers one connection.
func (r Redis) Serve(s *Server, c net.Conn) {
	if r.TLS {
		c = s.TLS(c)
	}
	in := bufio.NewReader(c)
	for {
		words := readWords(in)
		if len(words) == 0 {
			return
		}
		_, _ = io.WriteString(c, r.answer(words)+"\r\n")
	}
}

// answer is the answer to a command.
func (r Redis) answer(words []string) string {
	switch {
	case words[0] != "AUTH":
		return "-NOAUTH Authentication required."
	case r.Old && len(words) != 2:
		return "-ERR wrong number of arguments for 'auth' command"
	case r.Password == "" && len(words) == 2:
		return "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
	case slices.Equal(words, []string{"AUTH", r.User, r.Password}), r.User == "" && slices.Equal(words, []string{"AUTH", r.Password}):
		return "+OK"
	case r.Old:
		return "-ERR invalid password"
	}
	return "-WRONGPASS invalid username-password pair or user is disabled."
}

// readWords reads a command.
func readWords(in *bufio.Reader) []string {
	count := func(mark string) int {
		line, err := in.ReadString('\n')
		n, bad := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(line, mark), "\r\n"))
		if err != nil || bad != nil || n < 0 || n > 1<<12 {
			return 0
		}
		return n
	}
	words := make([]string, count("*"))
	for i := range words {
		data := make([]byte, count("$")+2)
		if _, err := io.ReadFull(in, data); err != nil {
			return nil
		}
		words[i] = string(data[:len(data)-2])
	}
	return words
}
