package records

// linear is Linear's table of issues. It has no comments. A text that a spreadsheet would take for a formula has a ' before it.
//
// https://linear.app/docs/exporting-data
var linear = (&shape{
	name: "linear", title: "a Linear CSV export", form: inTable, formula: true,
	sure: []string{"id team title cyclenumber", "id team title cyclename"},
	members: map[string]role{
		"id":      {means: meansRecord},
		"creator": {means: meansAuthor},
		"created": {means: meansTime},
	},
}).format()
