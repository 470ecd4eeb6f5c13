package records

// teams is messages of Microsoft Teams as the Graph API answers and its export API writes them. Texts are HTML.
//
// https://learn.microsoft.com/en-us/graph/api/resources/chatmessage
var teams = (&shape{
	name: "teams", title: "a Microsoft Teams JSON export",
	sure: []string{
		"messageType createdDateTime",
		"/@odata.context~/messages messageType",
		"body.contentType createdDateTime chatId",
	},
	roots: []string{"", "[]", "value[]", "messages[]"},
	members: map[string]role{
		"":                 {record: true},
		"id":               {means: meansRecord},
		"from.user":        {means: meansAuthor},
		"from.application": {means: meansAuthor, rank: 10},
		"createdDateTime":  {means: meansTime},
		"webUrl":           {means: meansURL},
		"body":             {as: "body"},
		"attachments[]":    {part: "attachment"},

		"replies[]":                  {part: "reply"},
		"replies[].id":               {means: meansPart},
		"replies[].from.user":        {means: meansAuthor},
		"replies[].from.application": {means: meansAuthor, rank: 10},
		"replies[].createdDateTime":  {means: meansTime},
		"replies[].body":             {main: true},
		"replies[].attachments[]":    {part: "attachment"},
		"messageHistory[]":           {history: true},
	},
}).format()
