package records

// zendesk is Zendesk's JSON export, a ticket with its comments on each line, and what the API answers. A ticket's description is that
// of its first comment.
//
// https://support.zendesk.com/hc/en-us/articles/4408886165402
// https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/
var zendesk = (&shape{
	name: "zendesk", title: "a Zendesk JSON export", learn: learnNames,
	sure: []string{
		"raw_subject requester_id",
		"url~/api/v2/tickets/ raw_subject",
		"allow_channelback requester_id",
		"brand_id allow_attachments",
		"url~.zendesk.com/api/v2/tickets/",
	},
	roots: []string{"", "[]", "tickets[]", "results[]"},
	members: map[string]role{
		"":             {record: true},
		"id":           {means: meansRecord},
		"requester":    {means: meansAuthor},
		"submitter":    {means: meansAuthor, rank: 10},
		"requester_id": {means: meansAuthor, rank: 20},
		"submitter_id": {means: meansAuthor, rank: 30},
		"raw_subject":  {as: "subject"},
		"description":  {again: true},

		"comments[]":               {part: "comment"},
		"comments[].body":          {main: true},
		"comments[].html_body":     {main: true},
		"comments[].plain_body":    {main: true},
		"comments[].attachments[]": {part: "attachment"},

		"custom_fields[]":       {part: "custom field"},
		"custom_fields[].value": {main: true},
		"fields[]":              {part: "custom field"},
		"fields[].value":        {main: true},

		"audits[]":                         {part: "audit"},
		"audits[].events[].previous_value": {history: true},
	},
}).format()

// zendeskCSV is Zendesk's table of tickets. It has no comments.
//
// https://support.zendesk.com/hc/en-us/articles/4408886165402
var zendeskCSV = (&shape{
	name: "zendesk-csv", title: "a Zendesk CSV export", form: inTable,
	sure: []string{"id requesterexternalid subject", "assigneestations groupstations subject"},
	members: map[string]role{
		"id":             {means: meansRecord},
		"requester":      {means: meansAuthor},
		"submitter":      {means: meansAuthor, rank: 10},
		"requesteremail": {means: meansEmail},
		"createdat":      {means: meansTime},
	},
}).format()
