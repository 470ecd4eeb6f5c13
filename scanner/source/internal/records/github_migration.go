package records

import (
	"io"
	"strings"

	"github.com/quash-sh/quash/scanner"
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

// endsAsPart reports whether a name ends as that of a part of an export does, as few do.
func endsAsPart(name string) bool {
	part, ok := strings.CutSuffix(name, ".json")
	return ok && len(part) > len("_000001") && part[len(part)-len("_000001")] == '_'
}

// migrationFormat makes a format of a shape that is known by the names of its files too.
func migrationFormat(s *shape) Format {
	f := s.format()
	sure := f.score
	f.shape = nil
	f.score = func(name string, head []byte) int {
		if !endsAsPart(name) || !migrationFile().MatchString(name) {
			return None
		}
		return sure(name, head)
	}
	f.refuse = refuseJSON
	return f
}

// migrationFiles is what the lists of attachments are called. They say which file each is: tarball://root/attachments/a1/worker.log.
var migrationFiles = expression(`(?:^|/)attachments_\d{6}\.json$`)

// migrationList is those lists.
var migrationList = func() Format {
	f := githubMigration
	f.learn = learnAttachments
	return f
}()

// learnAttachments takes what attachments belong to, who added them and when.
func learnAttachments(k *Contents, text io.Reader) {
	record, person := spot{role: role{tails: 3}}, spot{role: role{tail: true}}
	eachObject(text, "", func(member map[string]string) {
		file, ok := strings.CutPrefix(member["asset_url"], "tarball://root/")
		if !ok || len(k.files) == maxPeople {
			return
		}
		var self about
		for _, name := range []string{"issue", "pull_request", "issue_comment", "url"} {
			if member[name] != "" {
				self.set(meansRecord, 0, record.value([]byte(member[name])))
				break
			}
		}
		self.set(meansAuthor, 0, person.value([]byte(member["user"])))
		self.set(meansTime, 0, []byte(member["created_at"]))
		if k.files == nil {
			k.files = map[string]scanner.Location{}
		}
		field := strings.TrimSpace("attachment " + label([]byte(member["asset_name"])))
		k.files[file] = self.over(scanner.Location{Record: self.record, Field: field})
	})
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
	learns:  func(name string) *Format { return when(migrationFiles().MatchString(name), &migrationList) },
	place:   func(k *Contents, name string) scanner.Location { return k.files[name] },
	format:  func(name string) *Format { return when(migrationFile().MatchString(name), &githubMigration) },
}
