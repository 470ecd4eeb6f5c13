package records

// teamsPersonal is what Microsoft gives of the chats of a personal account, of Teams or of Skype before it: messages.json, with the messages
// of each conversation, the latest first. Texts are HTML.
//
// https://support.skype.com/en/faq/FA34894/how-do-i-export-my-skype-files-and-chat-history
var teamsPersonal = (&shape{
	name: "teams-personal", title: "a chat export of a personal Teams or Skype account",
	sure:  []string{"/userId /exportDate /conversations[].displayName", "/exportDate /conversations[].MessageList[].originalarrivaltime"},
	roots: []string{"conversations[].MessageList[]"},
	members: map[string]role{
		"":                    {record: true},
		"id":                  {means: meansRecord},
		"from":                {means: meansAuthor, rank: 10},
		"displayName":         {means: meansAuthor},
		"originalarrivaltime": {means: meansTime},
		"content":             {as: "content"},
	},
}).format()
