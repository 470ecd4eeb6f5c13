package jobs

import (
	"github.com/quash-sh/quash/scanner"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Repository names a repository of the forge.
type Repository struct {
	// Name is owner and name: "acme/shop".
	Name string `json:"repository" river:"unique"`
	// Public says that the whole world can read it.
	Public bool `json:"public,omitempty"`
	// Installation is the App's installation that sent the event; 0 is none.
	Installation int64 `json:"installation,omitempty"`
}

// Push is one ref that a push changed.
type Push struct {
	Repository
	// Ref is the ref in full: "refs/heads/main".
	Ref string `json:"ref" river:"unique"`
	// Before and After are the commits that it named before and afterwards, in hex; empty where there was or is none.
	Before string `json:"before" river:"unique"`
	After  string `json:"after" river:"unique"`
	// Forced says that After does not descend from Before.
	Forced bool `json:"forced,omitempty"`
	// Rules is the version of the rules that the receiver knew.
	Rules string `json:"rules" river:"unique"`
	// Delivery is the id of the delivery.
	Delivery string `json:"delivery,omitempty"`
}

// Kind implements river.JobArgs.
func (Push) Kind() string { return "scan_push" }

// InsertOpts implements river.JobArgsWithInsertOpts. A push that was scanned is not scanned again; one that was set aside is.
func (Push) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueScan, Priority: 1, UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

// Key is a key to answer: where it stands, never what it is.
type Key struct {
	ID scanner.ID `json:"id" river:"unique"`
	// Rule is the rule that found it, Run the scan, by which a policy's caps count.
	Rule string `json:"rule"`
	Run  string `json:"run"`
	// Repository is where it was found.
	Repository Repository `json:"repository"`
	// Commit and Blob are the objects that hold it, in hex; Blob is empty for a key in a commit's message.
	Commit string `json:"commit"`
	Blob   string `json:"blob,omitempty"`
	// Path is the file's path.
	Path string `json:"path,omitempty"`
	// Allowed says that the pushed repository lets the key stand; Head is the commit that the forge is told about when its issuer
	// accepts it all the same.
	Allowed bool   `json:"allowed,omitempty" river:"unique"`
	Head    string `json:"head,omitempty"`
}

// Kind implements river.JobArgs.
func (Key) Kind() string { return "answer_key" }

// InsertOpts implements river.JobArgsWithInsertOpts. A key that was answered and is found again is answered again.
func (Key) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueAnswer, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished()}}
}

// Check is what the forge is told about a commit.
type Check struct {
	Repository
	// Head is the commit, in hex.
	Head string `json:"head" river:"unique"`
	// Keys counts the keys, Complete says that all was seen, and Gaps what was not.
	Keys     int      `json:"keys"`
	Complete bool     `json:"complete"`
	Gaps     []string `json:"gaps,omitempty"`
	// Live says that it is about a key that the repository lets stand and its issuer accepts. It is told under a name of its own,
	// so that whichever comes later hides neither.
	Live bool `json:"live,omitempty"`
	// Notes are the places, each with the redacted form of its key. Left counts those that are left out.
	Notes []Note `json:"notes,omitempty"`
	Left  int    `json:"left,omitempty"`
}

// Note is one place of a key.
type Note struct {
	Path  string `json:"path"`
	Line  int    `json:"line"`
	ID    string `json:"id"`
	Title string `json:"title"`
	Text  string `json:"text"`
}

// Kind implements river.JobArgs.
func (Check) Kind() string { return "check_run" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (Check) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: queueAnswer, Priority: 3} }

// Reconcile compares a repository's refs with what was scanned.
type Reconcile struct{ Repository }

// Kind implements river.JobArgs.
func (Reconcile) Kind() string { return "reconcile" }

// InsertOpts implements river.JobArgsWithInsertOpts. There is one for each repository.
func (Reconcile) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueScan, Priority: 3, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished()}}
}

// Redeliver asks the forge to send again what it could not deliver.
type Redeliver struct{}

// Kind implements river.JobArgs.
func (Redeliver) Kind() string { return "redeliver" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (Redeliver) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueAnswer, Priority: 4, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished()}}
}

// Prune forgets old deliveries.
type Prune struct{}

// Kind implements river.JobArgs.
func (Prune) Kind() string { return "prune" }

// InsertOpts implements river.JobArgsWithInsertOpts.
func (Prune) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueAnswer, Priority: 4, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unfinished()}}
}

// The queues: scans use processors, answers mostly wait.
const (
	queueScan   = "scan"
	queueAnswer = "answer"
)

// unfinished are the states of a job that is still to be worked.
func unfinished() []rivertype.JobState {
	return []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateRetryable, rivertype.JobStateScheduled,
	}
}
