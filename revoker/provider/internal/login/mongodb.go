package login

import (
	"cmp"
	"context"
	"encoding/binary"
	"strconv"
	"strings"
)

// The protocol: https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/ and
// https://github.com/mongodb/specifications/blob/master/source/auth/auth.md
const (
	mongoOpMsg = 2013
	// mongoHead is the length of a message's head, its flags and the kind of its only section.
	mongoHead = 16 + 4 + 1
	// mongoRefused is AuthenticationFailed; mongoAtlas is what Atlas says instead, of this and of other things.
	mongoRefused = 18
	mongoAtlas   = 8000
	// maxTurns bounds a conversation, which takes three or four.
	maxTurns = 6
)

// mongodb logs in to MongoDB.
func mongodb(_ context.Context, s *session) (Answer, error) {
	if s.request.User == "" {
		return unclear("the address names no user"), nil
	}
	m := &mongoLogin{session: s, source: cmp.Or(s.request.Database, "admin")}
	if strings.Contains(m.source+s.request.User, "\x00") {
		return unclear("the address holds a zero byte"), nil
	}
	talk, mechanism, done, err := m.hello()
	if done.Why != "" || err != nil {
		return done, err
	}
	first, _ := talk.answer("")
	start := new(document).number("saslStart", 1).text("mechanism", mechanism).binary("payload", first)
	for range maxTurns {
		reply, err := m.ask(start.text("$db", m.source))
		if err != nil {
			return Answer{}, err
		}
		if reply.number("ok") != 1 {
			return m.refused(reply), nil
		}
		next, done := m.turn(talk, reply)
		if done.Why != "" {
			return done, nil
		}
		start = new(document).number("saslContinue", 1).number("conversationId", int32(reply.number("conversationId"))).binary("payload", next)
	}
	return Answer{}, s.garbled()
}

// mongoLogin is a login under way.
type mongoLogin struct {
	*session
	// source is the database that keeps the user.
	source string
	// sent is the number of the last message.
	sent uint32
}

// ask sends a command and reads the reply.
func (m *mongoLogin) ask(command *document) (fields, error) {
	body := command.bytes()
	m.sent++
	message := binary.LittleEndian.AppendUint32(nil, uint32(mongoHead+len(body)))
	message = binary.LittleEndian.AppendUint32(message, m.sent)
	message = binary.LittleEndian.AppendUint32(message, 0)
	message = binary.LittleEndian.AppendUint32(message, mongoOpMsg)
	message = append(message, 0, 0, 0, 0, 0)
	if err := m.write(append(message, body...)); err != nil {
		return nil, err
	}
	head, err := m.read(mongoHead)
	if err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(head[8:]) != m.sent || binary.LittleEndian.Uint32(head[12:]) != mongoOpMsg || head[20] != 0 {
		return nil, m.garbled()
	}
	data, err := m.read(int(int32(binary.LittleEndian.Uint32(head))) - mongoHead)
	if err != nil {
		return nil, err
	}
	if reply, ok := readDocument(data, 0); ok {
		return reply, nil
	}
	return nil, m.garbled()
}

// hello asks which mechanisms the user has, and begins a conversation by the best of them.
func (m *mongoLogin) hello() (talk conversation, mechanism string, done Answer, err error) {
	ask := new(document).number("hello", 1).text("saslSupportedMechs", m.source+"."+m.request.User).text("$db", "admin")
	reply, err := m.ask(ask)
	if err != nil {
		return talk, "", done, err
	}
	if reply.number("ok") != 1 {
		return talk, "", m.refused(reply), nil
	}
	has := map[string]bool{}
	list, told := reply["saslSupportedMechs"].(fields)
	for n := range list {
		has[list.text(n)] = true
	}
	mechanism, begin := scramSHA256, converse
	switch {
	case told && !has[scramSHA256] && !has[scramSHA1]:
		return talk, "", unclear("wants a kind of login without a password"), nil
	case told && !has[scramSHA256]:
		mechanism, begin = scramSHA1, converseSHA1
	}
	if talk, err = begin(m.request.User, m.request.Password); err != nil {
		return talk, "", unclear("the password cannot be used with SCRAM"), nil
	}
	return talk, mechanism, done, nil
}

// turn answers one message of the conversation. An answer without words means to go on.
func (m *mongoLogin) turn(talk conversation, reply fields) (next string, done Answer) {
	if !talk.Done() {
		var ok bool
		if next, ok = talk.answer(reply.text("payload")); !ok {
			return "", unclear("sent a SCRAM challenge that is not answered")
		}
	}
	switch over := reply.number("done") != 0; {
	case over && !talk.Valid():
		return "", unclear("let us in without showing that it knows the password, which proves nothing")
	case over:
		return "", Answer{Result: Accepted, Why: "accepted the login"}
	}
	return next, Answer{}
}

// refused reads an error. Atlas answers a wrong password with a number that it uses for all its errors, and names it in words.
// https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
func (m *mongoLogin) refused(reply fields) Answer {
	number := int(reply.number("code"))
	code := " (code " + strconv.Itoa(number) + ")"
	if number == mongoRefused || number == mongoAtlas && strings.HasPrefix(reply.text("errmsg"), "bad auth") {
		return Answer{Result: Refused, Why: "refused the user or the password" + code}
	}
	return unclear("ended the login before the password" + code)
}
