package login

import (
	"bytes"
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"strconv"
	"strings"
)

// The protocol: https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html, and for MariaDB
// https://mariadb.com/kb/en/connection/.
const (
	// Capabilities.
	myLongPassword = 0x1
	myProtocol41   = 0x200
	myTLS          = 0x800
	myTransactions = 0x2000
	mySecure       = 0x8000
	myPluginAuth   = 0x80000

	// Ways to log in.
	myNative      = "mysql_native_password"
	mySHA2        = "caching_sha2_password"
	myClear       = "mysql_clear_password"
	mySHA256      = "sha256_password"
	myUTF8MB4     = 45
	myMaxPacket   = 1 << 24
	myScramble    = 20
	myFastPassed  = 3
	myFullDemand  = 4
	myOK          = 0x00
	myMore        = 0x01
	mySwitch      = 0xfe
	myError       = 0xff
	myQuit        = 0x01
	myErrorLength = 3
)

// mysql logs in to MySQL or MariaDB. It asks for no database, so that only the login is answered.
func mysql(ctx context.Context, s *session) (Answer, error) {
	if s.request.User == "" {
		return unclear("the address names no user"), nil
	}
	if strings.Contains(s.request.User, "\x00") {
		return unclear("the address holds a zero byte"), nil
	}
	m := &myLogin{session: s}
	body, err := m.receive()
	if err != nil {
		return Answer{}, err
	}
	if body[0] == myError {
		return m.refused(body)
	}
	hello, ok := readHello(body)
	if !ok {
		return Answer{}, s.garbled()
	}
	if err := m.greet(ctx, hello); err != nil {
		return Answer{}, err
	}
	for {
		body, err := m.receive()
		if err != nil {
			return Answer{}, err
		}
		if done, err := m.take(body); done.Why != "" || err != nil {
			return done, err
		}
	}
}

// myHello is the server's first message.
type myHello struct {
	capabilities uint32
	scramble     []byte
	plugin       string
}

// readHello reads the server's first message, in protocol version 10.
func readHello(body []byte) (h myHello, ok bool) {
	_, rest, found := bytes.Cut(body[1:], []byte{0})
	if body[0] != 10 || !found || len(rest) < 31 {
		return h, false
	}
	h.capabilities = uint32(binary.LittleEndian.Uint16(rest[13:])) | uint32(binary.LittleEndian.Uint16(rest[18:]))<<16
	h.scramble = append(h.scramble, rest[4:12]...)
	more := max(13, int(rest[20])-8)
	if rest = rest[31:]; len(rest) < more || h.capabilities&myProtocol41 == 0 {
		return h, false
	}
	h.scramble = append(h.scramble, rest[:myScramble-8]...)
	plugin, _, _ := bytes.Cut(rest[more:], []byte{0})
	h.plugin = string(plugin)
	return h, true
}

// myLogin is a login under way.
type myLogin struct {
	*session
	// next is the number of the next packet.
	next byte
	// plugin is the way to log in that the server chose last, scramble its challenge.
	plugin   string
	scramble []byte
}

// receive reads one packet, which has at least one byte.
func (m *myLogin) receive() ([]byte, error) {
	head, err := m.read(4)
	if err != nil {
		return nil, err
	}
	size := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
	if head[3] != m.next || size == 0 {
		return nil, m.garbled()
	}
	m.next++
	return m.read(size)
}

func (m *myLogin) send(body []byte) error {
	size := len(body)
	packet := append([]byte{byte(size), byte(size >> 8), byte(size >> 16), m.next}, body...)
	m.next++
	return m.write(packet)
}

// greet starts TLS where the server has it, and answers its first message.
func (m *myLogin) greet(ctx context.Context, h myHello) error {
	ours := uint32(myLongPassword | myProtocol41 | myTransactions | mySecure | myPluginAuth)
	head := func() []byte {
		b := binary.LittleEndian.AppendUint32(nil, ours)
		b = binary.LittleEndian.AppendUint32(b, myMaxPacket)
		return append(append(b, myUTF8MB4), make([]byte, 23)...)
	}
	if h.capabilities&myTLS != 0 {
		ours |= myTLS
		if err := m.send(head()); err != nil {
			return err
		}
		if err := m.secure(ctx); err != nil {
			return err
		}
	}
	m.plugin, m.scramble = h.plugin, h.scramble
	proof := m.proof()
	if proof == nil {
		m.plugin, proof = mySHA2, []byte{} // the server answers with the way it wants
	}
	body := append(append(head(), m.request.User...), 0, byte(len(proof)))
	body = append(append(append(body, proof...), m.plugin...), 0)
	return m.send(body)
}

// proof answers the challenge; nil where the server's way wants something else.
func (m *myLogin) proof() []byte {
	switch m.plugin {
	case myNative:
		return nativeProof(m.request.Password, m.scramble)
	case mySHA2:
		return sha2Proof(m.request.Password, m.scramble)
	}
	return nil
}

// nativeProof is SHA1(password) XOR SHA1(scramble, SHA1(SHA1(password))).
func nativeProof(password string, scramble []byte) []byte {
	one := sha1.Sum([]byte(password))
	two := sha1.Sum(one[:])
	mask := sha1.Sum(append(bytes.Clone(scramble), two[:]...))
	subtle.XORBytes(mask[:], mask[:], one[:])
	return mask[:]
}

// sha2Proof is SHA256(password) XOR SHA256(SHA256(SHA256(password)), scramble).
func sha2Proof(password string, scramble []byte) []byte {
	one := sha256.Sum256([]byte(password))
	two := sha256.Sum256(one[:])
	mask := sha256.Sum256(append(two[:], scramble...))
	subtle.XORBytes(mask[:], mask[:], one[:])
	return mask[:]
}

// take takes one packet. An answer without words means to go on.
func (m *myLogin) take(body []byte) (Answer, error) {
	switch {
	case body[0] == myOK:
		m.next = 0
		_ = m.send([]byte{myQuit})
		return Answer{Result: Accepted, Why: "accepted the login"}, nil
	case body[0] == myError:
		return m.refused(body)
	case body[0] == mySwitch:
		return m.change(body[1:])
	case body[0] == myMore && len(body) == 2 && m.plugin == mySHA2 && body[1] == myFastPassed:
		return Answer{}, nil
	case body[0] == myMore && len(body) == 2 && m.plugin == mySHA2 && body[1] == myFullDemand:
		return m.sendPassword()
	}
	return Answer{}, m.garbled()
}

// change goes over to the way to log in that the server wants of this user.
func (m *myLogin) change(body []byte) (Answer, error) {
	plugin, scramble, _ := bytes.Cut(body, []byte{0})
	m.plugin = string(plugin)
	switch m.plugin {
	case myNative, mySHA2:
		if len(scramble) < myScramble {
			return Answer{}, m.garbled()
		}
		m.scramble = scramble[:myScramble]
		return Answer{}, m.send(m.proof())
	case myClear, mySHA256:
		return m.sendPassword()
	}
	return unclear("wants a kind of login that is not one of " + strings.Join([]string{myNative, mySHA2, mySHA256, myClear}, ", ")), nil
}

// sendPassword sends the password itself, where the connection allows that.
func (m *myLogin) sendPassword() (Answer, error) {
	if !m.vouched() {
		return m.needsTrust(), nil
	}
	return Answer{}, m.send(append([]byte(m.request.Password), 0))
}

// refused reads an error.
// https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
func (m *myLogin) refused(body []byte) (Answer, error) {
	if len(body) < myErrorLength {
		return Answer{}, m.garbled()
	}
	number := int(binary.LittleEndian.Uint16(body[1:]))
	code := " (error " + strconv.Itoa(number) + ")"
	switch number {
	case 1045: // access denied, using password
		why := "refused the user or the password" + code + "; an account of other hosts is refused in the same words"
		return Answer{Result: Refused, Why: why, Elsewhere: true}, nil
	case 1203, 1226, 1820, 1862: // limits of the user, and a password that is right and wants to be changed
		return Answer{Result: Accepted, Why: "accepted the password, and then ended the session" + code}, nil
	}
	return unclear("ended the login before the password" + code), nil
}
