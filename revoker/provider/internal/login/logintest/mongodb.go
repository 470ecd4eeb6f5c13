package logintest

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net"
	"strings"

	"github.com/xdg-go/scram"
)

// MongoDB is a MongoDB server with one account, which it keeps in the database Source.
type MongoDB struct {
	Account
	Source string
	// Mechanism is how the account logs in: SCRAM-SHA-256 or SCRAM-SHA-1.
	Mechanism string
	// TLS says that connections begin with it.
	TLS bool
	// Rounds of key derivation. 0: 4096.
	Rounds int
	// Atlas says that errors are told as Atlas does.
	Atlas bool
}

// Serve answers one connection.
func (m MongoDB) Serve(s *Server, c net.Conn) {
	if m.TLS {
		c = s.TLS(c)
	}
	var talk *scram.ServerConversation
	for {
		command, id := readCommand(c)
		switch {
		case command == "":
			return
		case strings.Contains(command, "\x10hello\x00"):
			reply(c, id, array("saslSupportedMechs", m.Mechanism)+number("ok", 1))
			continue
		case strings.Contains(command, "\x10saslStart\x00"):
			if !strings.Contains(command, "$db\x00"+length(m.Source)) {
				m.refuse(c, id)
				return
			}
			talk = m.converse()
		}
		if talk == nil {
			return
		}
		answer, err := talk.Step(payload(command))
		if err != nil {
			m.refuse(c, id)
			return
		}
		done := "\x08done\x00\x00"
		if talk.Done() {
			done = "\x08done\x00\x01"
		}
		reply(c, id, number("conversationId", 1)+done+binaryElement("payload", answer)+number("ok", 1))
	}
}

// converse begins the server's side of SCRAM.
func (m MongoDB) converse() *scram.ServerConversation {
	hash, password := scram.SHA256, m.Password
	if m.Mechanism == "SCRAM-SHA-1" {
		sum := md5.Sum([]byte(m.User + ":mongo:" + m.Password))
		hash, password = scram.SHA1, hex.EncodeToString(sum[:])
	}
	server, err := hash.NewServer(func(user string) (scram.StoredCredentials, error) {
		if user != m.User {
			return scram.StoredCredentials{}, errors.New("no such user")
		}
		client, err := hash.NewClientUnprepped(user, password, "")
		if err != nil {
			return scram.StoredCredentials{}, err
		}
		rounds := 4096
		if m.Rounds > 0 {
			rounds = m.Rounds
		}
		return client.GetStoredCredentialsWithError(scram.KeyFactors{Salt: "sixteen bytes ok", Iters: rounds})
	})
	if err != nil {
		return nil
	}
	return server.NewConversation()
}

func (m MongoDB) refuse(c net.Conn, id uint32) {
	code, text := int32(18), "Authentication failed."
	if m.Atlas {
		code, text = 8000, "bad auth : Authentication failed."
	}
	reply(c, id, number("ok", 0)+"\x02errmsg\x00"+length(text)+number("code", code))
}

// readCommand reads a command's document as it is.
func readCommand(c net.Conn) (document string, id uint32) {
	head := take(c, 16)
	if head == nil {
		return "", 0
	}
	body := take(c, int(binary.LittleEndian.Uint32(head))-16)
	return string(body), binary.LittleEndian.Uint32(head[4:])
}

// payload is the value of the binary element of that name.
func payload(document string) string {
	_, after, found := strings.Cut(document, "\x05payload\x00")
	if !found || len(after) < 5 {
		return ""
	}
	n := int(binary.LittleEndian.Uint32([]byte(after)))
	return after[5:min(len(after), 5+n)]
}

func reply(c net.Conn, to uint32, elements string) {
	body := binary.LittleEndian.AppendUint32(nil, uint32(len(elements)+5))
	body = append(append(body, elements...), 0)
	message := binary.LittleEndian.AppendUint32(nil, uint32(len(body)+21))
	message = binary.LittleEndian.AppendUint32(message, 7)
	message = binary.LittleEndian.AppendUint32(message, to)
	message = binary.LittleEndian.AppendUint32(message, 2013)
	_, _ = c.Write(append(append(message, 0, 0, 0, 0, 0), body...))
}

func number(name string, value int32) string {
	return "\x10" + name + "\x00" + string(binary.LittleEndian.AppendUint32(nil, uint32(value)))
}

// length is a text with its length before it.
func length(text string) string {
	return string(binary.LittleEndian.AppendUint32(nil, uint32(len(text)+1))) + text + "\x00"
}

func binaryElement(name, value string) string {
	return "\x05" + name + "\x00" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(value)))) + "\x00" + value
}

func array(name, value string) string {
	one := "\x020\x00" + length(value)
	return "\x04" + name + "\x00" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(one)+5))) + one + "\x00"
}
