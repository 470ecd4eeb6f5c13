package store

import (
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// text is a string as both databases keep it. PostgreSQL refuses what is not UTF-8, and the byte 0; a string that holds
// either, or begins as a quoted one does, is kept quoted as Go quotes it, and comes back as it was.
type text string

// Value implements [driver.Valuer].
func (t text) Value() (driver.Value, error) {
	s := string(t)
	if utf8.ValidString(s) && !strings.Contains(s, "\x00") && !strings.HasPrefix(s, `"`) {
		return s, nil
	}
	return strconv.Quote(s), nil
}

// Scan implements sql.Scanner.
func (t *text) Scan(column any) error {
	s, ok := column.(string)
	if !ok {
		return fmt.Errorf("read text: column is %T", column)
	}
	*t = text(s)
	if strings.HasPrefix(s, `"`) {
		if plain, err := strconv.Unquote(s); err == nil { // a name may have been cut
			*t = text(plain)
		}
	}
	return nil
}

// maxName bounds the bytes of a name: PostgreSQL keeps at most 2,704 bytes of a row in an index, and no primary key here has
// more than two names.
const maxName = 1000

// name is text that is part of a primary key. What is longer than maxName is cut and ends in a hash of the whole: it still
// tells two things apart, and comes back as what was kept.
type name string

// Value implements [driver.Valuer].
func (n name) Value() (driver.Value, error) {
	v, err := text(n).Value()
	s, _ := v.(string)
	if err != nil || len(s) <= maxName {
		return v, err
	}
	sum := sha256.Sum256([]byte(n))
	end := "…" + hex.EncodeToString(sum[:])
	return strings.ToValidUTF8(s[:maxName-len(end)], "") + end, nil
}
