package records

// trello is a board as Trello exports it: one object with all cards, and the last thousand actions. Actions hold the comments, and the
// texts that were replaced.
//
// https://support.atlassian.com/trello/docs/exporting-data-from-trello/
// https://developer.atlassian.com/cloud/trello/guides/rest-api/object-definitions/
var trello = (&shape{
	name: "trello", title: "a Trello board export", learn: learnTrello, born: trelloBorn,
	sure: []string{
		"/idOrganization /descData",
		"/idOrganization /shortLink",
		"/idOrganization /idEnterprise",
		"/actions[].idMemberCreator /actions[].data",
		"/cards[].idBoard /cards[].idList",
	},
	members: map[string]role{
		"cards[]":                          {record: true},
		"cards[].id":                       {means: meansRecord},
		"cards[].shortUrl":                 {means: meansURL},
		"cards[].attachments[]":            {part: "attachment"},
		"cards[].attachments[].idMember":   {means: meansAuthor},
		"cards[].attachments[].date":       {means: meansTime},
		"cards[].customFieldItems[]":       {part: "custom field"},
		"cards[].customFieldItems[].value": {main: true},

		"actions[]":               {record: true, part: "action"},
		"actions[].id":            {means: meansPart},
		"actions[].data":          {skip: true},
		"actions[].data.card.id":  {means: meansRecord},
		"actions[].data.board.id": {means: meansRecord, rank: 10},
		"actions[].data.text":     {main: true},
		"actions[].data.old":      {as: "old", history: true},
		"actions[].memberCreator": {means: meansAuthor},
		"actions[].date":          {means: meansTime},

		"checklists[]":                   {record: true, part: "checklist"},
		"checklists[].id":                {means: meansPart},
		"checklists[].idCard":            {means: meansRecord},
		"checklists[].checkItems[]":      {part: "item"},
		"checklists[].checkItems[].name": {main: true},
	},
}).format()
