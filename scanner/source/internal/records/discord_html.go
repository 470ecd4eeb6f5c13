package records

import (
	"bytes"
	"strconv"
	"time"
)

// discordHTML is a channel as the same exporter writes it to a web page. Messages are elements with their id; the first of several that
// somebody wrote in a row names him. Its style sheet, with which it begins, has marks of its own.
//
// https://github.com/Tyrrrz/DiscordChatExporter
var discordHTML = pageFormat("discord-html", "a Discord channel export as a web page", &page{
	signs: []string{"/DiscordFonts", "chatlog__", "class=chatlog", `class="chatlog"`},
	mark:  "data-message-id=", field: "content",
	id:   func(_ int, rest []byte) string { return discordID(rest) },
	tell: tellDiscord,
})

// pageFormat is the format of such pages.
func pageFormat(name, title string, p *page) Format {
	return Format{
		Name: name, Title: title,
		score: p.score,
		refuse: func(head []byte) string {
			if p.signed(head) {
				return ""
			}
			return "no chat log of the exporter's"
		},
		parse: p.parse,
	}
}

// tellDiscord takes when a message was written, which its id says, and by whom, if it does not follow one of his.
func tellDiscord(m *pageMessage, opening []byte) {
	m.time = discordTime(m.id)
	for _, class := range [...]string{"chatlog__author", "chatlog__author-name"} {
		for rest := opening; ; {
			_, after, ok := bytes.Cut(rest, []byte(class))
			if !ok {
				break
			}
			if rest = after; len(rest) == 0 || !bytes.ContainsRune([]byte(`"' >`), rune(rest[0])) {
				continue
			}
			if name, _ := shown(rest); name != "" {
				m.author = name
				return
			}
		}
	}
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
