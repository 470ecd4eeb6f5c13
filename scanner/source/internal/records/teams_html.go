package records

import (
	"bytes"
	"strconv"
	"time"
)

// teamsHTML is a chat of Microsoft Teams as an exporter writes it to a web page, in the order of its messages, which have no ids there: each
// shows a name and a time, in the letters of a clock without a zone.
//
// https://github.com/evenevan/export-ms-teams-chats
var teamsHTML = pageFormat("teams-html", "a Microsoft Teams chat export as a web page", &page{
	signs: []string{"<title>Exported chat: "},
	mark:  `group/message"`, field: "body",
	from: teamsSmall,
	id:   func(n int, _ []byte) string { return "message " + strconv.Itoa(n) },
	tell: tellTeams,
})

// teamsSmall is the class of a name and of a time.
const teamsSmall = "text-light-3 text-sm"

// tellTeams takes who wrote a message and when from the first two things that it shows in small letters.
func tellTeams(m *pageMessage, opening []byte) {
	m.author, m.time = "", time.Time{}
	_, rest, _ := bytes.Cut(opening, []byte(teamsSmall))
	m.author, rest = shown(rest)
	if _, rest, ok := bytes.Cut(rest, []byte(teamsSmall)); ok {
		when, _ := shown(rest)
		m.time, _ = parseTime(when)
	}
}
