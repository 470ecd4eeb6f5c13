package records

import (
	"strings"
)

// githubMigration is the files of a GitHub migration archive: "issues_000001.json", a list of things of one type. Things are named by
// their addresses: an issue is https://github.com/acme/sync/issues/7, Ann is https://github.com/ann.
//
// https://docs.github.com/en/migrations/using-ghe-migrator/about-ghe-migrator
var githubMigration = migrationFormat(&shape{
	name: "github-migration", title: "a GitHub migration archive",
	sure:  []string{"type url"},
	roots: []string{"[]"},
	members: map[string]role{
		"":                            {record: true},
		"issue":                       {means: meansRecord, tails: 3},
		"pull_request":                {means: meansRecord, rank: 10, tails: 3},
		"issue_comment":               {means: meansRecord, rank: 20, tails: 3},
		"pull_request_review_comment": {means: meansRecord, rank: 30, tails: 3},
		"pull_request_review":         {means: meansRecord, rank: 40, tails: 3},
		"url":                         {means: meansRecord, rank: 50, tails: 3, also: meansURL},
		"user":                        {means: meansAuthor, tail: true},
		"actor":                       {means: meansAuthor, rank: 10, tail: true},
		"author":                      {means: meansAuthor, rank: 20, tail: true},
		"created_at":                  {means: meansTime},
	},
})

// migrationFile is what the files are called.
var migrationFile = expression(`(?:^|[/!])[a-z_]+_\d{6}\.json$`)

// migrationFormat makes a format of a shape that is known by the names of its files too.
func migrationFormat(s *shape) Format {
	f := s.format()
	sure := f.score
	f.shape = nil
	f.score = func(name string, head []byte) int {
		if !strings.HasSuffix(name, ".json") || !migrationFile().MatchString(name) { // most files end otherwise
			return None
		}
		return sure(name, head)
	}
	f.refuse = refuseJSON
	return f
}

// migrationArchive is the tar.gz file of a migration. Its members are known by themselves; repositories stand in it as bare ones.
var migrationArchive = Archive{
	Name: githubMigration.Name, Title: githubMigration.Title,
	alone: []*Format{&githubMigration},
	score: func(names []string) (int, string) {
		files := 0
		for _, name := range names {
			if migrationFile().MatchString(name) {
				files++
			}
		}
		if _, ok := rootOf(names, "schema.json"); ok && files > 0 || files > 2 {
			return Sure, ""
		}
		return None, ""
	},
	missing: "no issues_000001.json or the like",
	format:  func(name string) *Format { return when(migrationFile().MatchString(name), &githubMigration) },
}
