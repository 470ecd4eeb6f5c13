package scanner

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"sync"

	"github.com/quash-sh/quash/rules"
	"golang.org/x/crypto/scrypt"
)

// defaultIDKey keys finding IDs where the operator set none, so that the IDs of one key agree on every machine (a baseline
// in the repository, a developer's hook, a CI job). It is no secret: who has a candidate value can compute its ID. An
// installation that shows IDs to people who must not be able to test guesses sets an ID key of its own.
const defaultIDKey = "quash finding id 1"

// identifier computes finding IDs. It remembers the slow ones.
type identifier struct {
	key  []byte
	cost int      // scrypt's N
	slow sync.Map // HMAC of a guessable key -> ID
}

func newIdentifier(key Secret) *identifier {
	if key.Len() == 0 {
		key = NewSecret(defaultIDKey)
	}
	return &identifier{key: []byte(key.value()), cost: stretchCost}
}

func (d *identifier) id(r *rules.Rule, secret Secret) ID {
	mac := hmac.New(sha256.New, d.key)
	mac.Write([]byte(r.Family))
	mac.Write([]byte{0})
	mac.Write([]byte(secret.value()))
	sum := [sha256.Size]byte(mac.Sum(nil))
	if !r.Guessable {
		return newID(sum[:])
	}
	if id, ok := d.slow.Load(sum); ok {
		return id.(ID)
	}
	id := newID(stretch(sum[:], d.key, d.cost))
	d.slow.Store(sum, id)
	return id
}

// stretchCost makes trying out passwords dear: scrypt (RFC 7914) then takes 8 MiB of memory and some 25 ms a guess.
const stretchCost = 1 << 13

func stretch(sum, key []byte, cost int) []byte {
	out, err := scrypt.Key(sum, key, cost, 8, 1, 8)
	if err != nil {
		panic(fmt.Sprintf("scrypt parameters: %v", err)) // constants above
	}
	return out
}

// idForm is how a finding ID is written.
var idForm = regexp.MustCompile(`^q-[0-9a-f]{16}$`)

// ParseID reads a finding ID. Its error does not repeat the text, which may be a key that somebody pasted by mistake.
func ParseID(text string) (ID, error) {
	if !idForm.MatchString(text) {
		return "", errors.New("not a finding ID (q- and 16 hex digits)")
	}
	return ID(text), nil
}

func newID(sum []byte) ID { return ID("q-" + hex.EncodeToString(sum[:8])) }
