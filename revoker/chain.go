package revoker

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/quash-sh/quash/scanner"
)

// hashTail is how a line ends: the hash is the last field, so that what it covers is the line without these bytes, closed
// by a brace. Head and journal share the trick with different field names.
const (
	hashOpen = `,"hash":"`
	signOpen = `,"sig":"`
	tailEnd  = `"}`
)

// compact is v as JSON on one line, without the escapes that encoding/json makes for HTML. Fields stand in the order of the
// struct and maps are sorted, so equal values are equal bytes.
func compact(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// seal returns body, which is JSON with an empty last field, with the mark that make computes from the JSON without that
// field filled in.
func seal(v any, open string, make func(covered []byte) string) (line []byte, mark string, err error) {
	body, err := compact(v)
	if err != nil {
		return nil, "", err
	}
	body, ok := bytes.CutSuffix(body, []byte(open+tailEnd))
	if !ok {
		return nil, "", fmt.Errorf("%T does not end in an empty field %s", v, open)
	}
	mark = make(append(bytes.Clone(body), '}'))
	return append(append(append(body, open...), mark...), tailEnd...), mark, nil
}

// unseal splits a line into what its mark covers and the mark, which has n characters.
func unseal(line []byte, open string, n int) (covered []byte, mark string, ok bool) {
	at := len(line) - len(open) - n - len(tailEnd)
	if at < 1 || !bytes.HasPrefix(line[at:], []byte(open)) || !bytes.HasSuffix(line, []byte(tailEnd)) {
		return nil, "", false
	}
	return append(bytes.Clone(line[:at]), '}'), string(line[at+len(open) : len(line)-len(tailEnd)]), true
}

// digest is SHA-256 in hex.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// encodeEntry returns the entry's line, with its newline, and its hash.
func encodeEntry(e Entry) (line []byte, hash string, err error) {
	e.Hash = ""
	line, hash, err = seal(e, hashOpen, digest)
	return append(line, '\n'), hash, err
}

// decodeLine reads a line without its newline into e, an entry or a part of one, and checks its hash.
func decodeLine(line []byte, e any) error {
	covered, hash, ok := unseal(line, hashOpen, hex.EncodedLen(sha256.Size))
	if !ok {
		return errors.New("it does not end in a hash")
	}
	if digest(covered) != hash {
		return errors.New("its content does not match its hash")
	}
	if err := json.Unmarshal(line, e); err != nil {
		return fmt.Errorf("it is not an entry: %w", err)
	}
	return nil
}

// decodeEntry reads a line without its newline and checks its hash.
func decodeEntry(line []byte) (e Entry, err error) { return e, decodeLine(line, &e) }

// cursor is a place in the chain: after the entry seq, whose hash it holds, and off bytes into the file.
type cursor struct {
	seq  int64
	hash string
	off  int64
}

// link is what an entry says of its place in the chain.
type link struct {
	Seq  int64      `json:"seq"`
	ID   scanner.ID `json:"id"`
	Prev string     `json:"prev"`
	Hash string     `json:"hash"`
}

// place is where an entry of a key stands in the file, and its hash. n counts the newline.
type place struct {
	id     scanner.ID
	off, n int64
	hash   string
}

// step checks that a line without its newline is the entry after the cursor, and moves the cursor to it. The caller counts bytes.
func (c *cursor) step(line []byte) (link, error) {
	var e link
	switch err := decodeLine(line, &e); {
	case err != nil:
		return e, fmt.Errorf("entry %d: %w: it was changed", c.seq+1, err)
	case e.Seq != c.seq+1:
		return e, fmt.Errorf("entry %d: it is numbered %d: entries were taken out, added or moved", c.seq+1, e.Seq)
	case e.Prev != c.hash:
		return e, fmt.Errorf("entry %d: it does not follow entry %d: one of them was exchanged", c.seq+1, c.seq)
	}
	c.seq, c.hash = e.Seq, e.Hash
	return e, nil
}

// take checks the whole lines of data, which follow the cursor, and moves the cursor behind them. Each is handed to
// visit. rest is what follows the last newline.
func (c *cursor) take(data []byte, visit func(place)) (rest []byte, err error) {
	for {
		line, after, whole := bytes.Cut(data, []byte("\n"))
		if !whole {
			return data, nil
		}
		e, err := c.step(line)
		if err != nil {
			return nil, err
		}
		n := int64(len(line) + 1)
		visit(place{id: e.ID, off: c.off, n: n, hash: e.Hash})
		c.off += n
		data = after
	}
}

// head is the signed end of the journal, kept in a file of its own. While an entry is being written, Next is its hash: so a
// line that a crash left behind can be told from one that somebody added.
type head struct {
	Seq  int64  `json:"seq"`
	Last string `json:"last"`
	Next string `json:"next,omitempty"`
	Sig  string `json:"sig"`
}

// signed is what is put before the bytes that a head's signature covers.
const signed = "quash journal head 1\n"

// encode signs the head.
func (h head) encode(key ed25519.PrivateKey) ([]byte, error) {
	h.Sig = ""
	line, _, err := seal(h, signOpen, func(covered []byte) string {
		return hex.EncodeToString(ed25519.Sign(key, append([]byte(signed), covered...)))
	})
	return append(line, '\n'), err
}

// decodeHead checks a head's signature.
func decodeHead(data []byte, key ed25519.PublicKey) (head, error) {
	line, ok := bytes.CutSuffix(data, []byte("\n"))
	covered, mark, sealed := unseal(line, signOpen, hex.EncodedLen(ed25519.SignatureSize))
	if !ok || !sealed {
		return head{}, errors.New("it is not a signed head")
	}
	sig, err := hex.DecodeString(mark)
	if err != nil || hex.EncodeToString(sig) != mark || !ed25519.Verify(key, append([]byte(signed), covered...), sig) {
		return head{}, errors.New("its signature is wrong: it was changed, or signed with another key")
	}
	var h head
	return h, json.Unmarshal(line, &h)
}

// accept says whether a journal that ends at c, with rest behind its last newline, is the one whose head this is. Three ends are right:
// at the head; one entry behind it, announced as Next (a crash before the head was closed); and at the head with a
// piece of an announced line (a crash while it was written), which nobody acted on.
func (h head) accept(c cursor, rest []byte) error {
	at := c.seq == h.Seq && c.hash == h.Last
	switch {
	case at && (len(rest) == 0 || h.Next != ""):
		return nil
	case at:
		return fmt.Errorf("entry %d: it has no end and was not being written: it was added", c.seq+1)
	case c.seq == h.Seq+1 && h.Next != "" && c.hash == h.Next && len(rest) == 0:
		return nil
	case c.seq < h.Seq:
		return fmt.Errorf("entry %d: it is missing, and so is everything up to entry %d, where the head was signed: the end was cut off", c.seq+1, h.Seq)
	case c.seq == h.Seq:
		return fmt.Errorf("entry %d: it is not the one that the head was signed for: it was exchanged", c.seq)
	default:
		return fmt.Errorf("entry %d: the head was signed at entry %d: it was added", h.Seq+1, h.Seq)
	}
}
