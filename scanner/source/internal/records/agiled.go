package records

// agiled is pages of tickets as Agiled's public API lists them: {"data": […], "meta": {…}}. Which members a ticket has is not
// documented but for those that the list can be filtered by; what else there is, the known words read.
//
// https://agiled-docs.pages.dev/docs/developers/pagination-filtering
var agiled = (&shape{
	name: "agiled-json", title: "a list of Agiled tickets",
	sure:   []string{"/data[].subject status priority account_id contact_id"},
	likely: []string{"subject priority account_id", "subject priority contact_id", "subject account_id contact_id"},
	roots:  []string{"data[]", "data", "[]"},
	members: map[string]role{
		"":           {record: true},
		"id":         {means: meansRecord},
		"contact":    {means: meansAuthor, rank: 10},
		"contact_id": {means: meansAuthor, rank: 20},
		"created_at": {means: meansTime},
		"comments[]": {part: "comment"},
		"replies[]":  {part: "reply"},
		"messages[]": {part: "message"},
	},
}).format()
