package login

import (
	"crypto/md5"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/xdg-go/scram"
)

// maxRounds is how many rounds of key derivation a server may ask for: half a second of work. PostgreSQL's default is 4096,
// MongoDB's 15000; servers of their operators' choice go to some 600000.
const maxRounds = 1_000_000

// The mechanisms.
const (
	scramSHA256 = "SCRAM-SHA-256"
	scramSHA1   = "SCRAM-SHA-1"
)

// conversation is the client's side of SCRAM.
type conversation struct{ *scram.ClientConversation }

// converse begins a conversation. A text that SASLprep (RFC 4013) refuses is taken as it is, as PostgreSQL does.
func converse(user, password string) (conversation, error) {
	client, err := scram.SHA256.NewClient(user, password, "")
	if err != nil {
		client, err = scram.SHA256.NewClientUnprepped(user, password, "")
	}
	if err != nil {
		return conversation{}, err
	}
	return conversation{client.NewConversation()}, nil
}

// converseSHA1 begins a conversation as MongoDB had them before version 4.0: the password is an MD5 sum.
// https://github.com/mongodb/specifications/blob/master/source/auth/auth.md
func converseSHA1(user, password string) (conversation, error) {
	sum := md5.Sum([]byte(user + ":mongo:" + password))
	client, err := scram.SHA1.NewClientUnprepped(user, hex.EncodeToString(sum[:]), "")
	if err != nil {
		return conversation{}, err
	}
	return conversation{client.NewConversation()}, nil
}

// answer answers a server's message. ok is false for one that is not SCRAM, or wants too much work.
func (c conversation) answer(challenge string) (reply string, ok bool) {
	if fields := strings.Split(challenge, ","); len(fields) > 2 {
		rounds, err := strconv.Atoi(strings.TrimPrefix(fields[2], "i="))
		if err != nil || rounds > maxRounds {
			return "", false
		}
	}
	reply, err := c.Step(challenge)
	return reply, err == nil
}
