package records

import (
	"bytes"
	"io"
	"path"
	"strings"
)

// slack is the messages of a channel on a day, as Slack's export has them: "general/2026-03-04.json". What a message said before it was
// edited stands in messages of their own. Texts are written three times: as text with marks, links as <address|label> and &, < and > as
// entities; as blocks, split where their looks change; and in attachments. Addresses of files may have a token in them.
//
// https://slack.com/help/articles/220556107
// https://api.slack.com/events/message
var slack = slackFormat(&shape{
	name: "slack", title: "a Slack export",
	sure:  []string{"type~message ts user", "type~message ts bot_id", "type~message ts subtype"},
	roots: []string{"[]"},
	members: map[string]role{
		"":             {record: true},
		"ts":           {means: meansRecord, also: meansTime},
		"user":         {means: meansAuthor},
		"user_profile": {means: meansAuthor, rank: 10},
		"username":     {means: meansAuthor, rank: 20},
		"bot_id":       {means: meansAuthor, rank: 30},

		"blocks":                                   {as: "blocks"},
		"blocks[].elements[].elements[].user_id":   {aside: true},
		"blocks[].elements[].elements[].timestamp": {aside: true},

		"attachments[]":          {part: "attachment"},
		"attachments[].id":       {means: meansPart},
		"attachments[].fallback": {as: "fallback", again: true},
		"attachments[].ts":       {aside: true},
		"files[]":                {part: "file"},
		"files[].id":             {means: meansPart},
		"files[].user":           {means: meansAuthor},
		"files[].created":        {means: meansTime},

		"previous":         {history: true},
		"previous_message": {history: true},
		"original":         {history: true},
	},
	links: true,
})

// slackDay is what a day's file is called. Channels and conversations are folders, whose names may be anything.
var slackDay = expression(`^(?:.*[/!])?([^/!]+)/\d{4}-\d\d-\d\d\.json$`)

// endsAsDay reports whether a name ends as that of a day does, as few do.
func endsAsDay(name string) bool {
	day, ok := strings.CutSuffix(name, ".json")
	return ok && len(day) > len("-04") && day[len(day)-len("-04")] == '-'
}

// slackFormat makes a format of a shape whose records are named by the folder that their file is in.
func slackFormat(s *shape) Format {
	f := s.format()
	score := f.score
	f.shape = nil
	f.score = func(name string, head []byte) int {
		if endsAsDay(name) && slackDay().MatchString(name) {
			return score(name, head)
		}
		return None
	}
	f.refuse = refuseJSON
	f.prefix = func(name string) string {
		if m := slackDay().FindStringSubmatch(name); m != nil {
			if channel := label([]byte(m[1])); channel != "" {
				return channel + "/"
			}
		}
		return ""
	}
	return f
}

// slackList is the other files of the export: lists of people, channels, and of what programs did.
var slackList = func() Format {
	f := jsonRecords
	f.Name, f.Title = slack.Name, slack.Title
	f.learn = learnPeople
	return f
}()

// slackArchive is the zip file of an export.
var slackArchive = Archive{
	Name: "slack", Title: slack.Title,
	alone: []*Format{&slack},
	score: func(names []string) (int, string) {
		root, ok := rootOf(names, "users.json")
		if !ok {
			return None, ""
		}
		for _, name := range names {
			if inner, ok := strings.CutPrefix(strings.TrimPrefix(name, "./"), root); ok && slackDay().MatchString(inner) && !Unsafe(name) {
				return Sure, root
			}
		}
		if holds(names, root+"channels.json") && holds(names, root+"integration_logs.json") {
			return Sure, root
		}
		return None, ""
	},
	missing: "no users.json beside a <channel>/<day>.json",
	learns:  func(name string) *Format { return when(name == "users.json" || name == "org_users.json", &slackList) },
	leads:   []string{"users.json"},
	format: func(name string) *Format {
		if slackDay().MatchString(name) && strings.Count(name, "/") == 1 {
			return &slack
		}
		return when(!strings.Contains(name, "/") && path.Ext(name) == ".json", &slackList)
	},
}

// learnPeople takes what people are called from a list of them: objects with an id, a name, and more about the person in a profile.
func learnPeople(k *Contents, text io.Reader) {
	eachObject(text, "", func(member map[string]string) {
		id := member["id"]
		for _, name := range []string{"real_name", "profile.real_name", "profile.display_name", "name", "profile.email"} {
			if s := label([]byte(member[name])); s != "" && id != "" {
				k.call(id, s)
				return
			}
		}
	})
}

// call says what somebody is called whom an export names by an id.
func (k *Contents) call(id, name string) {
	if k.people == nil {
		k.people = map[string]string{}
	}
	if len(k.people) < maxPeople {
		k.people[id] = name
	}
}

// unlinked appends a text with links shown as they are read, and the three entities resolved: <https://x.example|x> is x, <https://x.example>
// the address, <@U1|ann> is @ann.
func unlinked(dst, text []byte) []byte {
	for len(text) > 0 {
		i := bytes.IndexAny(text, "<&")
		if i < 0 {
			break
		}
		dst, text = append(dst, text[:i]...), text[i:]
		if c, size := slackEntity(text); size > 0 {
			dst, text = append(dst, c), text[size:]
			continue
		}
		end := bytes.IndexAny(text[1:], "<>\n")
		if text[0] == '&' || end < 0 || text[1+end] != '>' {
			dst, text = append(dst, text[0]), text[1:]
			continue
		}
		shown := text[1 : 1+end]
		if _, label, ok := bytes.Cut(shown, []byte("|")); ok {
			if shown[0] == '@' || shown[0] == '#' {
				dst = append(dst, shown[0])
			}
			shown = label
		}
		dst, text = unlinked(dst, shown), text[end+2:]
	}
	return append(dst, text...)
}

// slackEntity returns the character that an entity at the start of a text stands for, and the entity's size; 0 where there is none.
func slackEntity(text []byte) (byte, int) {
	for _, e := range [...]struct {
		entity string
		c      byte
	}{{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}} {
		if bytes.HasPrefix(text, []byte(e.entity)) {
			return e.c, len(e.entity)
		}
	}
	return 0, 0
}
