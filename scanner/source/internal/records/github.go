package records

// github is lists and single ones of issues and pull requests, as GitHub's REST API answers them and as its command line writes them
// with --json.
//
// https://docs.github.com/en/rest/issues/issues
// https://cli.github.com/manual/gh_issue_list
var github = (&shape{
	name: "github", title: "an export of GitHub issues",
	sure: []string{
		"repository_url labels_url number",
		"diff_url patch_url number",
		"number node_id user.login",
		"author.is_bot author.login",
		"comments[].authorAssociation comments[].viewerDidAuthor",
	},
	roots: []string{"", "[]", "items[]", "issues[]"},
	members: map[string]role{
		"":          {record: true},
		"number":    {means: meansRecord},
		"user":      {means: meansAuthor},
		"author":    {means: meansAuthor},
		"html_url":  {means: meansURL},
		"body_html": {as: "body"},
		"body_text": {as: "body"},

		"comments[]":        {part: "comment"},
		"comments[].body":   {main: true},
		"reviews[]":         {part: "review"},
		"reviews[].body":    {main: true},
		"review_comments[]": {part: "review comment"},

		"userContentEdits.nodes[]":          {part: "edit", history: true},
		"userContentEdits.nodes[].editor":   {means: meansAuthor},
		"userContentEdits.nodes[].editedAt": {means: meansTime},
		"userContentEdits.nodes[].diff":     {main: true},
	},
}).format()

// githubComments is lists of comments on issues and of comments in reviews, as GitHub's REST API answers them. Each names the issue or
// pull request that it belongs to by its address.
//
// https://docs.github.com/en/rest/issues/comments
// https://docs.github.com/en/rest/pulls/comments
var githubComments = (&shape{
	name: "github-comments", title: "an export of GitHub comments",
	sure:  []string{"issue_url html_url~#issuecomment-", "pull_request_review_id diff_hunk", "html_url~#discussion_r", "pull_request_url html_url~#pullrequestreview-"},
	roots: []string{"", "[]"},
	members: map[string]role{
		"":                 {record: true, part: "comment"},
		"id":               {means: meansPart},
		"issue_url":        {means: meansRecord, tail: true},
		"pull_request_url": {means: meansRecord, rank: 10, tail: true},
		"user":             {means: meansAuthor},
		"html_url":         {means: meansURL},
		"body":             {main: true},
		"body_html":        {main: true},
		"body_text":        {main: true},
	},
}).format()
