package records

// freshdesk is what the APIs of Freshdesk and Freshservice answer, and the account export of Freshdesk, in which each ticket is a member
// "helpdesk_ticket". The addresses of attachments are signed, and work for whoever has them until they expire.
//
// https://developers.freshdesk.com/api/#tickets
// https://api.freshservice.com/#tickets
var freshdesk = (&shape{
	name: "freshdesk", title: "a Freshdesk JSON export", learn: learnNames,
	sure: []string{
		"description_text requester_id responder_id",
		"cc_emails fwd_emails fr_escalated",
		"fr_escalated spam requester_id",
		"display_id requester_id description_html",
	},
	roots: []string{"", "[]", "ticket", "tickets[]", "results[]", "helpdesk_ticket", "[].helpdesk_ticket"},
	members: map[string]role{
		"":                 {record: true},
		"display_id":       {means: meansRecord},
		"id":               {means: meansRecord, rank: 10},
		"requester":        {means: meansAuthor},
		"requester_name":   {means: meansAuthor},
		"requester_id":     {means: meansAuthor, rank: 20},
		"created_at":       {means: meansTime},
		"description_text": {as: "description"},
		"description_html": {as: "description"},
		"attachments[]":    {part: "attachment"},

		"conversations[]":               {part: "conversation"},
		"conversations[].body":          {main: true},
		"conversations[].body_text":     {main: true},
		"conversations[].attachments[]": {part: "attachment"},
		"notes[]":                       {part: "note"},
		"notes[].body":                  {main: true},
		"notes[].body_html":             {main: true},
		"notes[].attachments[]":         {part: "attachment"},
	},
}).format()

// freshdeskCSV is the table of tickets of Freshdesk and Freshservice. Its columns are chosen by whoever makes it.
//
// https://support.freshdesk.com/support/solutions/articles/225336
var freshdeskCSV = (&shape{
	name: "freshdesk-csv", title: "a Freshdesk CSV export", form: inTable,
	sure:   []string{"ticketid subject createdtime duebytime", "ticketid subject initialresponsetime", "ticketid subject requestername createdtime"},
	likely: []string{"ticketid subject createdtime"},
	members: map[string]role{
		"ticketid":       {means: meansRecord},
		"requestername":  {means: meansAuthor},
		"fullname":       {means: meansAuthor, rank: 10},
		"contactname":    {means: meansAuthor, rank: 20},
		"requesteremail": {means: meansEmail},
		"createdtime":    {means: meansTime},
	},
}).format()
