package records

import (
	"bytes"
	"html"
	"io"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// discordHTML is a channel as the same exporter writes it to a web page. Messages are elements with their id; the first of several that
// somebody wrote in a row names him. The page is not read as XML, which it is not.
//
// https://github.com/Tyrrrz/DiscordChatExporter
var discordHTML = Format{
	Name: "discord-html", Title: "a Discord channel export as a web page",
	score: func(name string, head []byte) int {
		ext := strings.ToLower(path.Ext(name))
		if (ext == ".html" || ext == ".htm") && refuseDiscordHTML(head) == "" {
			return Sure
		}
		return None
	},
	refuse: refuseDiscordHTML,
	parse:  parseDiscordHTML,
}

// refuseDiscordHTML says why a page is no such export: its style sheet, with which it begins, has marks of its own.
func refuseDiscordHTML(head []byte) string {
	for _, mark := range [...]string{"/DiscordFonts", "chatlog__", "class=chatlog", `class="chatlog"`} {
		if bytes.Contains(head, []byte(mark)) {
			return ""
		}
	}
	return "no chat log of the exporter's"
}

// discordMark stands before the id of a message, where its element begins.
const discordMark = "data-message-id="

// longestOpening is how much of a message is looked at for who wrote it.
const longestOpening = 8 << 10

// discordMessage is the place of a message, or of what stands before the first one.
type discordMessage struct {
	id, author string
	opening    []byte // of the message
}

// location implements place.
func (m *discordMessage) location() scanner.Location {
	if m.id == "" {
		return scanner.Location{Record: "page", Field: "head"}
	}
	return scanner.Location{Record: m.id, Field: "content", Author: m.author, Time: discordTime(m.id)}
}

// name implements place.
func (m *discordMessage) name() string { return "" }

func parseDiscordHTML(r *reading) error {
	m := &discordMessage{}
	r.hold.begin(m, "")
	whole := false
	for !r.stopped {
		piece, more, found := r.in.Raw([]byte(discordMark))
		m.opening = append(m.opening, piece[:min(len(piece), max(0, longestOpening-len(m.opening)))]...)
		whole = whole || bytes.Contains(piece, []byte("</html>"))
		r.hold.write(piece)
		if more {
			continue
		}
		m.author = discordAuthor(m.opening, m.author)
		r.hold.finish()
		if m.id != "" {
			r.record()
		}
		if !found {
			if err := r.in.Err(); err != nil {
				return err
			}
			if !whole {
				r.gap("it ends in the middle: "+strconv.Itoa(r.records)+" records were read", io.ErrUnexpectedEOF)
			}
			return io.EOF
		}
		r.in.Skip(len(discordMark))
		m = &discordMessage{id: discordID(r.in.Peek(24)), author: m.author}
		r.hold.begin(m, "")
	}
	return nil
}

// discordID is the id that begins here, with a quotation mark before it or without.
func discordID(b []byte) string {
	b = bytes.TrimLeft(b, `"'`)
	end := 0
	for end < len(b) && '0' <= b[end] && b[end] <= '9' {
		end++
	}
	return string(b[:end])
}

// discordTime is when a message was written: its id, but for 22 bits, counts the milliseconds since 2015.
//
// https://discord.com/developers/docs/reference#snowflakes
func discordTime(id string) time.Time {
	n, err := strconv.ParseUint(id, 10, 63)
	if err != nil || n>>22 == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(n>>22) + 1420070400000).UTC()
}

// discordAuthor is who the opening of a message names; where it names none, it is who wrote the one before.
func discordAuthor(opening []byte, before string) string {
	for _, class := range [...]string{"chatlog__author", "chatlog__author-name"} {
		for rest := opening; ; {
			_, after, ok := bytes.Cut(rest, []byte(class))
			if !ok {
				break
			}
			if rest = after; len(rest) == 0 || !bytes.ContainsRune([]byte(`"' >`), rune(rest[0])) {
				continue
			}
			_, text, _ := bytes.Cut(rest, []byte(">"))
			text, _, ended := bytes.Cut(text, []byte("<"))
			if name := label([]byte(html.UnescapeString(string(bytes.TrimSpace(text))))); ended && name != "" {
				return name
			}
		}
	}
	return before
}
