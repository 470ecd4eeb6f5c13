package records

// intercom is what Intercom's API answers, and writes to a bucket: conversations with their parts. Texts are HTML, times seconds since
// 1970.
//
// https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations
var intercom = (&shape{
	name: "intercom", title: "an Intercom JSON export",
	sure: []string{
		"type~conversation source.delivered_as",
		"type~conversation waiting_since snoozed_until",
		"type~ticket ticket_attributes",
		"/type~conversation.list",
	},
	roots: []string{"", "[]", "conversations[]", "data[]"},
	members: map[string]role{
		"":              {record: true},
		"id":            {means: meansRecord},
		"created_at":    {means: meansTime},
		"source.author": {means: meansAuthor},
		"source.url":    {means: meansURL},
		"source.id":     {means: meansNothing},

		"source.attachments[]": {part: "attachment"},

		"conversation_parts.conversation_parts[]":               {part: "part"},
		"conversation_parts.conversation_parts[].body":          {main: true},
		"conversation_parts.conversation_parts[].attachments[]": {part: "attachment"},
		"ticket_parts.ticket_parts[]":                           {part: "part"},
		"ticket_parts.ticket_parts[].body":                      {main: true},
		"ticket_parts.ticket_parts[].previous_ticket_state":     {history: true},
	},
}).format()

// intercomCSV is Intercom's table of conversations or of their parts. Its columns are chosen by whoever makes it.
//
// https://www.intercom.com/help/en/articles/4547488
var intercomCSV = (&shape{
	name: "intercom-csv", title: "an Intercom CSV export", form: inTable,
	sure:   []string{"conversationid parttype", "conversationid conversationstartedat", "conversationid conversationpartid"},
	likely: []string{"conversationid body", "conversationid createdat"},
	members: map[string]role{
		"conversationid":        {means: meansRecord},
		"conversationcreatedat": {means: meansTime, rank: 10},
		"conversationstartedat": {means: meansTime, rank: 10},
		"authorname":            {means: meansAuthor},
		"authorid":              {means: meansAuthor, rank: 10},
		"authoremail":           {means: meansEmail},
	},
}).format()
