package records

// zendeskXML is Zendesk's XML export: tickets with their comments, in the manner in which Rails writes records.
//
// https://support.zendesk.com/hc/en-us/articles/4408886165402
var zendeskXML = (&shape{
	name: "zendesk-xml", title: "a Zendesk XML export", form: inXML, learn: learnXMLNames,
	sure:  []string{"nice-id", "requester-id", "raw-subject", "comments.comment.author-id", "comments.comment.via-id"},
	roots: []string{"tickets.ticket", "ticket"},
	members: map[string]role{
		"":             {record: true},
		"nice-id":      {means: meansRecord},
		"id":           {means: meansRecord, rank: 10},
		"requester":    {means: meansAuthor},
		"req-name":     {means: meansAuthor, rank: 10},
		"requester-id": {means: meansAuthor, rank: 20},
		"created-at":   {means: meansTime},
		"description":  {again: true},

		"comments":                                {skip: true},
		"comments.comment":                        {part: "comment"},
		"comments.comment.id":                     {means: meansPart},
		"comments.comment.author":                 {means: meansAuthor},
		"comments.comment.author-id":              {means: meansAuthor, rank: 20},
		"comments.comment.created-at":             {means: meansTime},
		"comments.comment.value":                  {main: true},
		"comments.comment.body":                   {main: true},
		"comments.comment.html-body":              {main: true},
		"comments.comment.attachments":            {skip: true},
		"comments.comment.attachments.attachment": {part: "attachment"},
	},
}).format()

// freshdeskXML is the XML export of Freshdesk and Freshservice.
//
// https://support.freshdesk.com/support/solutions/articles/228384
var freshdeskXML = (&shape{
	name: "freshdesk-xml", title: "a Freshdesk XML export", form: inXML, learn: learnXMLNames,
	sure:  []string{"display-id", "description-html", "responder-id"},
	roots: []string{"helpdesk-tickets.helpdesk-ticket", "helpdesk-ticket", "tickets.helpdesk-ticket"},
	members: map[string]role{
		"":                 {record: true},
		"display-id":       {means: meansRecord},
		"id":               {means: meansRecord, rank: 10},
		"requester":        {means: meansAuthor},
		"requester-name":   {means: meansAuthor, rank: 10},
		"requester-id":     {means: meansAuthor, rank: 20},
		"created-at":       {means: meansTime},
		"description-html": {as: "description"},
		"attachments":      {skip: true},

		"attachments.attachment":                              {part: "attachment"},
		"helpdesk-notes":                                      {skip: true},
		"helpdesk-notes.helpdesk-note":                        {part: "note"},
		"helpdesk-notes.helpdesk-note.id":                     {means: meansPart},
		"helpdesk-notes.helpdesk-note.user-id":                {means: meansAuthor, rank: 20},
		"helpdesk-notes.helpdesk-note.created-at":             {means: meansTime},
		"helpdesk-notes.helpdesk-note.body":                   {main: true},
		"helpdesk-notes.helpdesk-note.body-html":              {main: true},
		"helpdesk-notes.helpdesk-note.attachments":            {skip: true},
		"helpdesk-notes.helpdesk-note.attachments.attachment": {part: "attachment"},
	},
}).format()
