package logintest

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"net"
)

// MySQL is a MySQL server with one account.
type MySQL struct {
	Account
	// Plugin is how the account logs in, Greeting what the server offers at first (empty: the same).
	Plugin, Greeting string
	// TLS says that the server has it. Full says that it does not remember the password of caching_sha2_password, and wants it whole.
	TLS, Full bool
}

// Serve answers one connection.
func (m MySQL) Serve(s *Server, c net.Conn) {
	p := &packets{conn: c}
	scramble := []byte(rand.Text()[:20])
	greeting := m.Greeting
	if greeting == "" {
		greeting = m.Plugin
	}
	p.send(m.hello(scramble, greeting))
	body := p.receive()
	if len(body) == 32 && m.TLS {
		p.conn = s.TLS(c)
		body = p.receive()
	}
	if len(body) < 33 {
		return
	}
	user, rest, _ := bytes.Cut(body[32:], []byte{0})
	if len(rest) == 0 || len(rest) < 1+int(rest[0]) {
		return
	}
	proof := rest[1 : 1+rest[0]]
	if chosen, _, _ := bytes.Cut(rest[1+rest[0]:], []byte{0}); string(chosen) != m.Plugin {
		scramble = []byte(rand.Text()[:20])
		p.send(append(append(append([]byte{0xfe}, m.Plugin...), 0), append(scramble, 0)...))
		proof = p.receive()
	}
	if string(user) == m.User && m.proves(p, proof, scramble) {
		p.send([]byte{0, 0, 0, 2, 0, 0, 0})
		p.receive() // the client leaves
		return
	}
	p.send(append([]byte{0xff, 0x15, 0x04}, "#28000Access denied for user"...))
}

// hello is the first message.
func (m MySQL) hello(scramble []byte, plugin string) []byte {
	capabilities := uint32(0x200 | 0x8000 | 0x80000)
	if m.TLS {
		capabilities |= 0x800
	}
	b := append([]byte{10}, "8.4.0\x00\x01\x00\x00\x00"...)
	b = append(append(b, scramble[:8]...), 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(capabilities))
	b = append(b, 45, 2, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(capabilities>>16))
	b = append(append(b, 21), make([]byte, 10)...)
	b = append(append(b, scramble[8:]...), 0)
	return append(append(b, plugin...), 0)
}

// proves checks the answer to the challenge the way the server does, from what it keeps of the password.
func (m MySQL) proves(p *packets, proof, scramble []byte) bool {
	switch m.Plugin {
	case "mysql_native_password":
		one := sha1.Sum([]byte(m.Password))
		kept := sha1.Sum(one[:])
		mask := sha1.Sum(append(bytes.Clone(scramble), kept[:]...))
		if len(proof) != len(mask) {
			return false
		}
		subtle.XORBytes(mask[:], mask[:], proof)
		return sha1.Sum(mask[:]) == kept
	case "caching_sha2_password":
		return m.remembers(p, proof, scramble)
	case "mysql_clear_password":
		return string(proof) == m.Password+"\x00"
	}
	return false
}

// remembers is caching_sha2_password: a quick check against what the server remembers, and else the whole password.
func (m MySQL) remembers(p *packets, proof, scramble []byte) bool {
	one := sha256.Sum256([]byte(m.Password))
	kept := sha256.Sum256(one[:])
	mask := sha256.Sum256(append(kept[:], scramble...))
	if len(proof) == len(mask) && !m.Full {
		subtle.XORBytes(mask[:], mask[:], proof)
		if sha256.Sum256(mask[:]) == kept {
			p.send([]byte{1, 3})
			return true
		}
	}
	p.send([]byte{1, 4})
	return string(p.receive()) == m.Password+"\x00"
}

// packets are MySQL's packets on a connection.
type packets struct {
	conn net.Conn
	next byte
}

func (p *packets) send(body []byte) {
	_, _ = p.conn.Write(append([]byte{byte(len(body)), byte(len(body) >> 8), byte(len(body) >> 16), p.next}, body...))
	p.next++
}

func (p *packets) receive() []byte {
	head := take(p.conn, 4)
	if head == nil {
		return nil
	}
	p.next = head[3] + 1
	return take(p.conn, int(head[0])|int(head[1])<<8|int(head[2])<<16)
}
