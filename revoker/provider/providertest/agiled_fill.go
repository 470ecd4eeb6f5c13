package providertest

import (
	"fmt"
	"strings"
	"time"
)

// AgiledFill says what records to generate: for each list so many whose last change is before From, inside From to To,
// and after To.
type AgiledFill struct {
	// Lists are path names ("contacts", "time-entries"). Nil: every list of records.
	Lists                 []string
	Before, Inside, After int
	From, To              time.Time
}

// Fill generates records in an organization and returns, by list, the IDs of those that were created or changed inside
// the window. Of those every third was created in it and never updated, every third created and updated, and every third
// is older and was updated.
func (a *Agiled) Fill(organization string, f AgiledFill) map[string][]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	org := a.org(organization)
	if org == nil {
		return nil
	}
	if f.Lists == nil {
		f.Lists = agiledRecordLists()
	}
	inside := map[string][]string{}
	for _, list := range f.Lists {
		for range f.Before {
			created := a.between(f.From.AddDate(-1, 0, 0), f.From.AddDate(0, 0, -3))
			a.generate(org, list, created, a.between(created, f.From.AddDate(0, 0, -3)))
		}
		for i := range f.Inside {
			inside[list] = append(inside[list], a.generateInside(org, list, f, i))
		}
		for range f.After {
			created := a.between(f.To.AddDate(0, 0, 3), f.To.AddDate(0, 0, 10))
			a.generate(org, list, created, created)
		}
		a.rand.Shuffle(len(org.records[list]), func(i, j int) {
			org.records[list][i], org.records[list][j] = org.records[list][j], org.records[list][i]
		})
	}
	return inside
}

func (a *Agiled) generateInside(org *agiledOrg, list string, f AgiledFill, i int) string {
	at := a.between(f.From, f.To)
	switch i % 3 {
	case 0:
		return a.generate(org, list, at, time.Time{})
	case 1:
		return a.generate(org, list, at, a.between(at, f.To))
	}
	return a.generate(org, list, f.From.AddDate(0, -1, 0), at)
}

// agiledRecordLists are the lists that hold records rather than webhooks.
func agiledRecordLists() []string {
	var lists []string
	for _, k := range agiledKinds() {
		if k.path != agiledSubscriptions && k.path != agiledDeliveries {
			lists = append(lists, k.path)
		}
	}
	return lists
}

// generate makes one record and returns its ID.
func (a *Agiled) generate(org *agiledOrg, list string, created, updated time.Time) string {
	given := strings.Fields("Ada Ben Chi Dora Emil Fay Gus Hana Ivo Jun")
	family := strings.Fields("Lund Marsh Nwosu Okada Petit Quist Reyes Sand Toth Usman")
	first, last := given[a.rand.IntN(len(given))], family[a.rand.IntN(len(family))]
	n := len(org.records[list]) + 1
	r := &agiledRecord{id: a.uuid(created), created: created, updated: updated, fields: map[string]any{}}
	switch list {
	case "contacts":
		r.fields["first_name"], r.fields["last_name"], r.fields["full_name"] = first, last, first+" "+last
		r.fields["email"] = strings.ToLower(fmt.Sprintf("%s.%s.%d@example.com", first, last, n))
	case "tickets":
		r.fields["subject"], r.fields["status"], r.fields["priority"] = "Request of "+first, "open", "normal"
	default:
		r.fields["name"], r.fields["status"] = fmt.Sprintf("%s %d for %s %s", list, n, first, last), "open"
	}
	org.records[list] = append(org.records[list], r)
	return r.id
}

// between returns a time from x to y, to the second, as databases keep it.
func (a *Agiled) between(x, y time.Time) time.Time {
	seconds := int64(y.Sub(x) / time.Second)
	if seconds <= 0 {
		return x
	}
	return x.Add(time.Duration(a.rand.Int64N(seconds+1)) * time.Second).Truncate(time.Second)
}

// AddRecord puts one generated record into a list and returns its ID. A zero updated is told as null.
func (a *Agiled) AddRecord(organization, list string, created, updated time.Time) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	org := a.org(organization)
	if org == nil {
		return ""
	}
	return a.generate(org, list, created, updated)
}

// Touch sets when a record was changed last.
func (a *Agiled) Touch(organization, list, id string, updated time.Time) {
	a.with(organization, list, id, func(r *agiledRecord) { r.updated = updated })
}

// SetField sets a field of a record, and not the time of its change.
func (a *Agiled) SetField(organization, list, id, field, value string) {
	a.with(organization, list, id, func(r *agiledRecord) { r.fields[field] = value })
}

// with hands a record to do, where there is such a record.
func (a *Agiled) with(organization, list, id string, do func(*agiledRecord)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	org := a.org(organization)
	if org == nil {
		return
	}
	for _, r := range org.records[list] {
		if r.id == id {
			do(r)
		}
	}
}
