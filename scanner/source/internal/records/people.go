package records

import (
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quash-sh/quash/scanner"
)

// Exports name most authors by an id, and tell elsewhere what these people are called: in the object that stands for one, such as the
// requester of some ticket, or in a list at the end.

// Objects with one of personNames for a name, and elements of an array with one of peopleNames, stand for people.
var (
	personNames = []string{"requester", "submitter", "author", "user", "agent", "assignee", "responder", "contact", "memberCreator", "member"}
	peopleNames = []string{"users", "agents", "contacts", "requesters", "members", "people"}
)

// isPerson reports whether the innermost of open values stands for somebody.
func isPerson(open []string) bool {
	last := open[len(open)-1]
	return last != "" && slices.Contains(personNames, last) || last == "" && len(open) > 1 && slices.Contains(peopleNames, open[len(open)-2])
}

// learnNames reads a whole export for what people are called in it.
func learnNames(k *Contents, text io.Reader) {
	eachObjectThat(text, isPerson, k.callPerson)
}

// callPerson takes the name of somebody from an object that stands for him.
func (k *Contents) callPerson(member map[string]string) {
	id := member["id"]
	for _, name := range [...]string{"name", "fullName", "full_name", "display_name", "contact.name", "username", "email", "contact.email"} {
		if s := label([]byte(member[name])); s != "" && id != "" && s != id {
			k.call(id, s)
			return
		}
	}
}

// trelloMade are the types of actions by which cards come to be.
var trelloMade = []string{"createCard", "copyCard", "emailCard", "convertToCardFromCheckItem", "moveCardToBoard"}

// learnTrello reads a board for what its members are called, and for who made which card: its actions tell, as far back as they go.
func learnTrello(k *Contents, text io.Reader) {
	wanted := func(open []string) bool {
		return isPerson(open) && open[len(open)-1] != "memberCreator" || len(open) == 3 && open[2] == "" && open[1] == "actions"
	}
	eachObjectThat(text, wanted, func(member map[string]string) {
		card := member["data.card.id"]
		if card == "" {
			k.callPerson(member)
			return
		}
		if !slices.Contains(trelloMade, member["type"]) || len(k.makers) == maxPeople {
			return
		}
		if k.makers == nil {
			k.makers = map[string]string{}
		}
		for _, name := range [...]string{"memberCreator.fullName", "memberCreator.username", "idMemberCreator"} {
			if s := label([]byte(member[name])); s != "" {
				k.makers[card] = s
				return
			}
		}
	})
}

// trelloBorn is when a thing of Trello with that id was made: the first eight digits count the seconds since 1970.
//
// https://support.atlassian.com/trello/docs/getting-the-time-a-card-or-board-was-created/
func trelloBorn(id string) time.Time {
	if len(id) != 24 || strings.Trim(id, "0123456789abcdef") != "" {
		return time.Time{}
	}
	seconds, _ := strconv.ParseInt(id[:8], 16, 64)
	return time.Unix(seconds, 0).UTC()
}

// completed adds to the place of a text what else is known of who wrote it and when.
func (r *reading) completed(at scanner.Location, record string) scanner.Location {
	if at.Author == "" && at.Time.IsZero() && r.around != nil {
		at.Author = r.around.makers[record]
	}
	if name, ok := r.people[at.Author]; ok {
		at.Author = name
	}
	if r.born != nil && at.Time.IsZero() {
		at.Time = r.born(record)
	}
	return at
}
