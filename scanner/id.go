package scanner

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"sync"

	"github.com/quash-sh/quash/rules"
	"golang.org/x/crypto/argon2"
)

// defaultIDKey keys finding IDs where the operator set none, so that the IDs of one key agree on every machine (a baseline
// in the repository, a developer's hook, a CI job). It is no secret: who has a candidate value can compute its ID. An
// installation that shows IDs to people who must not be able to test guesses sets an ID key of its own.
const defaultIDKey = "quash finding id 1"

// identifier computes finding IDs. It remembers the slow ones.
type identifier struct {
	key    []byte
	memory uint32   // of a guess, in KiB
	slow   sync.Map // HMAC of a guessable key -> func() ID, which works it out once
}

func newIdentifier(key Secret) *identifier {
	if key.Len() == 0 {
		key = NewSecret(defaultIDKey)
	}
	return &identifier{key: []byte(key.value()), memory: stretchMemory}
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
	id, ok := d.slow.Load(sum)
	if !ok {
		id, _ = d.slow.LoadOrStore(sum, sync.OnceValue(func() ID { return newID(stretch(sum[:], d.key, d.memory)) }))
	}
	return id.(func() ID)()
}

// stretchMemory, in KiB, makes trying out passwords dear: Argon2id (RFC 9106) with one pass then takes 4 MiB of memory and some 3 ms a
// guess, ten thousand times what the plain hash takes. A scan pays it once for each password it finds. scrypt in the same memory
// takes five times as long here and makes no guess dearer, for it has no vector code in golang.org/x/crypto.
const stretchMemory = 4 << 10

func stretch(sum, key []byte, memory uint32) []byte { return argon2.IDKey(sum, key, 1, memory, 1, 8) }

// ParseID reads a finding ID. Its error does not repeat the text, which may be a key that somebody pasted by mistake.
func ParseID(text string) (ID, error) {
	if !isID(text) {
		return "", errors.New("not a finding ID (q- and 16 hex digits)")
	}
	return ID(text), nil
}

// isID reports whether a text is as finding IDs are written: q- and 16 hex digits in lower case.
func isID(text string) bool {
	digits, ok := strings.CutPrefix(text, "q-")
	return ok && len(digits) == 16 && strings.Trim(digits, "0123456789abcdef") == ""
}

func newID(sum []byte) ID { return ID("q-" + hex.EncodeToString(sum[:8])) }
