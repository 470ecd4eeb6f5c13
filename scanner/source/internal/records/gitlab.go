package records

import (
	"io"
	"strings"
)

// gitlab is the files of a GitLab project or group export, a value on each line ("tree/project/issues.ndjson"), and the older one with
// everything in one object ("project.json"). Each value has all that belongs to it inside: notes, diffs, events.
//
// https://docs.gitlab.com/user/project/settings/import_export/
var gitlab = gitlabFormat(&shape{
	name: "gitlab", title: "a GitLab export",
	sure: []string{"iid author_id"},
	roots: []string{
		"", "issues[]", "merge_requests[]", "snippets[]", "releases[]", "ci_pipelines[]", "pipelines[]", "commit_notes[]", "milestones[]", "epics[]",
	},
	members: map[string]role{
		"":           {record: true},
		"iid":        {means: meansRecord},
		"tag":        {means: meansRecord, rank: 10},
		"id":         {means: meansRecord, rank: 20},
		"author":     {means: meansAuthor},
		"author_id":  {means: meansAuthor, rank: 10},
		"user_id":    {means: meansAuthor, rank: 20},
		"created_at": {means: meansTime},

		"notes[]":                {part: "note"},
		"notes[].id":             {means: meansPart},
		"notes[].note":           {main: true},
		"notes[].note_html":      {as: "html"},
		"notes[].author":         {means: meansAuthor},
		"notes[].author_id":      {means: meansAuthor, rank: 10},
		"notes[].created_at":     {means: meansTime},
		"description_versions[]": {history: true},

		"merge_request_diff.merge_request_diff_files[].utf8_diff":     {as: "diff"},
		"merge_request_diff.merge_request_diff_files[].diff":          {as: "diff"},
		"merge_request_diff.merge_request_diff_commits[]":             {part: "commit"},
		"merge_request_diff.merge_request_diff_commits[].sha":         {means: meansPart},
		"merge_request_diff.merge_request_diff_commits[].message":     {main: true},
		"merge_request_diff.merge_request_diff_commits[].author_name": {means: meansAuthor},
		"suggestions[].from_content":                                  {history: true},
	},
})

// gitlabFile is what the files are called.
var gitlabFile = expression(`(?:^|[/!])(?:tree/(?:project|groups?(?:/\d+)?)/([a-z_]+)\.ndjson|(project|group)\.json)$`)

// gitlabFormat makes a format of a shape whose records are named by the file that they are in: "issues/7", as in their addresses.
func gitlabFormat(s *shape) Format {
	f := s.format()
	sure := f.score
	f.resume = "\n"
	f.shape = nil
	f.score = func(name string, head []byte) int {
		if !strings.HasSuffix(name, ".ndjson") && !strings.HasSuffix(name, "project.json") && !strings.HasSuffix(name, "group.json") { // as most files do not
			return None
		}
		switch m := gitlabFile().FindStringSubmatch(name); {
		case m == nil || refuseJSON(head) != "":
			return None
		case m[1] != "" || strings.Contains(name, "tree/"):
			return Sure
		}
		return sure(name, head)
	}
	f.refuse = refuseJSON
	f.prefix = func(name string) string {
		if m := gitlabFile().FindStringSubmatch(name); m != nil && m[1] != "" {
			return m[1] + "/"
		}
		return ""
	}
	return f
}

// gitlabMembers is what the files are called in which the members of a project or group are listed. Authors are ids elsewhere, and notes
// alone have their names besides.
var gitlabMembers = expression(`(?:^|/)(?:tree/(?:project|groups/\d+)/(?:project_)?members\.ndjson|project\.json|group\.json)$`)

// gitlabList is those files.
var gitlabList = func() Format {
	f := gitlab
	f.learn = learnMembers
	return f
}()

// learnMembers takes what members are called: objects with the name "user", which have an id and a user name.
func learnMembers(k *Contents, text io.Reader) {
	eachObject(text, "user", func(member map[string]string) {
		for _, name := range []string{"name", "username"} {
			if s := label([]byte(member[name])); s != "" && member["id"] != "" {
				k.call(member["id"], s)
				return
			}
		}
	})
}

// gitlabArchive is the tar.gz file of an export. Its members are known by themselves; the repository in it is a git bundle.
var gitlabArchive = Archive{
	Name: "gitlab", Title: gitlab.Title,
	alone: []*Format{&gitlab},
	score: func(names []string) (int, string) {
		for _, name := range names {
			if gitlabFile().MatchString(name) && strings.Contains(name, "tree/") {
				return Sure, ""
			}
		}
		if root, ok := rootOf(names, "GITLAB_VERSION"); ok && holds(names, root+"VERSION") {
			return Sure, ""
		}
		return None, ""
	},
	missing: "no tree/project/*.ndjson",
	learns:  func(name string) *Format { return when(gitlabMembers().MatchString(name), &gitlabList) },
	leads:   []string{"tree/project/project_members.ndjson", "project.json"},
	format: func(name string) *Format {
		return when(strings.Contains(name, "tree/") && gitlabFile().MatchString(name), &gitlab)
	},
}
