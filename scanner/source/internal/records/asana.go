package records

// asana is a project as Asana exports it to JSON, and what its API answers for tasks. Comments are stories; those about changes hold
// the values that were replaced.
//
// https://developers.asana.com/reference/tasks
// https://developers.asana.com/reference/stories
var asana = (&shape{
	name: "asana", title: "an Asana JSON export",
	sure: []string{
		"gid resource_type~task",
		"gid resource_subtype assignee_status",
		"gid assignee_status notes",
		"gid permalink_url~app.asana.com",
	},
	roots: []string{"data[]", "data", "[]"},
	members: map[string]role{
		"":                               {record: true},
		"gid":                            {means: meansRecord},
		"created_by":                     {means: meansAuthor},
		"created_at":                     {means: meansTime},
		"permalink_url":                  {means: meansURL},
		"html_notes":                     {as: "notes"},
		"attachments[]":                  {part: "attachment"},
		"custom_fields[]":                {part: "custom field"},
		"custom_fields[].display_value":  {main: true},
		"custom_fields[].text_value":     {main: true},
		"subtasks[]":                     {part: "subtask"},
		"stories[]":                      {part: "story"},
		"stories[].text":                 {main: true},
		"stories[].html_text":            {main: true},
		"stories[].previews":             {as: "previews"},
		"stories[].old_name":             {history: true},
		"stories[].old_text_value":       {history: true},
		"stories[].old_resource_subtype": {history: true},
	},
}).format()

// asanaCSV is a project as Asana exports it to a table. It has no comments.
//
// https://help.asana.com/s/article/csv-importer-and-exporter
var asanaCSV = (&shape{
	name: "asana-csv", title: "an Asana CSV export", form: inTable,
	sure: []string{"taskid section/column notes", "taskid assigneeemail notes"},
	members: map[string]role{
		"taskid":    {means: meansRecord},
		"createdat": {means: meansTime},
		"createdby": {means: meansAuthor},
	},
}).format()
