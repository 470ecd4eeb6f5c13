package records

// jiraJSON is what Jira's REST API answers to a search, or for one issue. Texts are strings (version 2) or trees of the Atlassian
// Document Format (version 3), whose spans are joined. The changelog holds the older values of fields.
//
// https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/
// https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
var jiraJSON = (&shape{
	name: "jira-json", title: "a Jira JSON export",
	sure: []string{
		"self~/rest/api/ key~- id",
		"fields.issuetype.self~/rest/api/",
		"fields.project.self~/rest/api/",
	},
	roots: []string{"", "[]", "issues[]"},
	members: map[string]role{
		"":                   {record: true},
		"key":                {means: meansRecord},
		"fields":             {skip: true},
		"fields.reporter":    {means: meansAuthor},
		"fields.creator":     {means: meansAuthor, rank: 10},
		"fields.created":     {means: meansTime},
		"fields.description": {as: "description"},
		"fields.environment": {as: "environment"},

		"fields.comment.comments[]":         {part: "comment"},
		"fields.comment.comments[].body":    {main: true},
		"fields.worklog.worklogs[]":         {part: "worklog"},
		"fields.worklog.worklogs[].comment": {main: true},
		"fields.attachment[]":               {part: "attachment"},

		"renderedFields":                         {skip: true},
		"renderedFields.description":             {as: "description"},
		"renderedFields.environment":             {as: "environment"},
		"renderedFields.comment.comments[]":      {part: "comment"},
		"renderedFields.comment.comments[].body": {main: true},

		"changelog.histories[]":         {part: "change", history: true},
		"changelog.histories[].items[]": {skip: true},
		"changelog.histories[].items":   {skip: true},
	},
}).format()

// jiraCSV is Jira's table of issues. A field with several values has as many columns of its name; comments say themselves who wrote
// them and when.
//
// https://support.atlassian.com/jira-software-cloud/docs/export-issues-from-jira/
var jiraCSV = (&shape{
	name: "jira-csv", title: "a Jira CSV export", form: inTable,
	sure: []string{"issuekey issueid summary", "issuekey issuetype status summary"},
	members: map[string]role{
		"issuekey": {means: meansRecord},
		"reporter": {means: meansAuthor},
		"creator":  {means: meansAuthor, rank: 10},
		"created":  {means: meansTime},
	},
}).format()
