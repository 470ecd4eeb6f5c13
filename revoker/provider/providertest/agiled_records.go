package providertest

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// agiledISO is the layout of the one time that Agiled's documentation prints (occurred_at of a webhook payload).
const agiledISO = "2006-01-02T15:04:05.000Z"

// agiledKind is a list of the API: its path, the methods on single records, filters, sort fields and includes.
// filters and includes are the documented ones; sorts are documented for contacts only.
type agiledKind struct {
	path                     string
	one                      string
	filters, sorts, includes []string
}

// agiledKinds is the table of lists. one has a letter for each method on records: c(reate), g(et), u(pdate), d(elete).
func agiledKinds() []agiledKind {
	names := strings.Fields
	return []agiledKind{
		{
			path: "contacts", one: "cgu",
			filters:  names("email full_name created_after updated_after"),
			sorts:    names("created_at updated_at first_name last_name email"),
			includes: names("accounts assigned_user assigned_users"),
		},
		{path: "accounts", one: "cgu", filters: names("name email"), sorts: names("created_at updated_at")},
		{path: "deals", one: "cgu", filters: names("name status")},
		{
			path: "tickets", one: "c", sorts: names("updated_at"),
			filters: names("subject status priority account_id contact_id"),
		},
		{path: "projects", one: "cgud", includes: names("owner members")},
		{path: "tasks", one: "cgud", sorts: names("created_at updated_at"), includes: names("project assigned_user assignees")},
		{path: "time-entries", one: "cgud", includes: names("project task user")},
		{path: "invoices", one: "cgud", sorts: names("created_at updated_at"), includes: names("account payments")},
		{path: "estimates", one: "cgud", includes: names("account")},
		{path: "expenses", one: "cgud", sorts: names("updated_at"), includes: names("account project")},
		{path: "payments", one: "cgud", includes: names("invoice account")},
		{path: "products", one: "cgu", sorts: names("created_at updated_at"), filters: names("search type category_id is_active")},
		{
			path: "files", one: "cgud",
			filters:  names("search file_type parent_id uploader_id"),
			includes: names("folder shares tags uploader"),
		},
		{path: agiledSubscriptions, one: "cd"},
		{path: agiledDeliveries},
	}
}

func agiledKindOf(path string) (agiledKind, bool) {
	for _, k := range agiledKinds() {
		if k.path == path {
			return k, true
		}
	}
	return agiledKind{}, false
}

// agiledRecord is a record. A zero updated is told as null.
type agiledRecord struct {
	id               string
	created, updated time.Time
	fields           map[string]any
}

func (r *agiledRecord) text(field string) string {
	s, _ := r.fields[field].(string)
	return s
}

// serve answers a request about one list or one of its records.
func (a *Agiled) serve(in *agiledRequest, org *agiledOrg, kind agiledKind, id string) agiledReply {
	switch {
	case in.method == http.MethodGet && id == "":
		return a.list(org, kind, in.query)
	case in.method == http.MethodPost && id == "" && strings.Contains(kind.one, "c"):
		return a.create(in, org, kind)
	}
	i := slices.IndexFunc(org.records[kind.path], func(r *agiledRecord) bool { return r.id == id })
	if i < 0 {
		return agiledError(http.StatusNotFound, "Not found.")
	}
	switch {
	case in.method == http.MethodGet && strings.Contains(kind.one, "g"):
		return agiledData(http.StatusOK, a.show(kind, org.records[kind.path][i], in.query))
	case in.method == http.MethodPatch && strings.Contains(kind.one, "u"):
		return a.update(in, kind, org.records[kind.path][i])
	case in.method == http.MethodDelete && strings.Contains(kind.one, "d"):
		org.records[kind.path] = slices.Delete(org.records[kind.path], i, i+1)
		return agiledReply{status: http.StatusNoContent}
	}
	return agiledError(http.StatusNotFound, "Not found.")
}

// list answers {"data", "meta"} with one page.
func (a *Agiled) list(org *agiledOrg, kind agiledKind, q url.Values) agiledReply {
	rows := slices.DeleteFunc(slices.Clone(org.records[kind.path]), func(r *agiledRecord) bool { return !kind.keeps(r, q) })
	a.sort(rows, kind, q)
	per := min(max(number(q.Get("per_page"), 25), 1), 100)
	last := max((len(rows)+per-1)/per, 1)
	page := max(number(q.Get("page"), 1), 1)
	from := min((page-1)*per, len(rows))
	data := []map[string]any{}
	for _, r := range rows[from:min(from+per, len(rows))] {
		data = append(data, a.show(kind, r, q))
	}
	return agiledJSON(http.StatusOK, map[string]any{
		"data": data,
		"meta": map[string]int{"current_page": page, "last_page": last, "per_page": per, "total": len(rows)},
	})
}

// number reads a whole number; what is not one is the default.
func number(s string, def int) int {
	n, err := strconv.Atoi(s)
	if err != nil || n > 1<<31 {
		return def
	}
	return n
}

// keeps applies the list's filters; others are ignored, which is our guess.
func (k agiledKind) keeps(r *agiledRecord, q url.Values) bool {
	for _, f := range k.filters {
		want := q.Get(f)
		if want == "" {
			continue
		}
		switch f {
		case "created_after":
			if !after(r.created, want) {
				return false
			}
		case "updated_after":
			if !after(r.updated, want) {
				return false
			}
		default:
			if !strings.EqualFold(r.text(f), want) {
				return false
			}
		}
	}
	return true
}

func after(t time.Time, limit string) bool {
	for _, layout := range []string{time.RFC3339Nano, time.DateTime, time.DateOnly} {
		if l, err := time.Parse(layout, limit); err == nil {
			return t.After(l)
		}
	}
	return true
}

// sort orders rows. A field that the list does not sort by falls back to the default, newest created first, and says
// nothing about it. Records that were never updated come last, whichever way.
func (a *Agiled) sort(rows []*agiledRecord, kind agiledKind, q url.Values) {
	sorts := kind.sorts
	if s, ok := a.o.Sorts[kind.path]; ok {
		sorts = s
	}
	field, sign := q.Get("sort_by"), -1
	if !slices.Contains(sorts, field) {
		field = "created_at"
	} else if q.Get("sort_direction") == "asc" {
		sign = 1
	}
	slices.SortStableFunc(rows, func(x, y *agiledRecord) int {
		switch field {
		case "created_at":
			return sign * x.created.Compare(y.created)
		case "updated_at":
			if x.updated.IsZero() != y.updated.IsZero() {
				return cmp.Compare(y.updated.Unix(), x.updated.Unix())
			}
			return sign * x.updated.Compare(y.updated)
		}
		return sign * cmp.Compare(x.text(field), y.text(field))
	})
}

// show is a record as JSON tells it, with its known includes.
func (a *Agiled) show(kind agiledKind, r *agiledRecord, q url.Values) map[string]any {
	out := maps.Clone(r.fields)
	delete(out, "secret")
	layout := cmp.Or(a.o.TimeFormat[kind.path], agiledISO)
	out["id"], out["created_at"], out["updated_at"] = r.id, r.created.UTC().Format(layout), nil
	if !r.updated.IsZero() {
		out["updated_at"] = r.updated.UTC().Format(layout)
	}
	for name := range strings.SplitSeq(q.Get("include"), ",") {
		if slices.Contains(kind.includes, name) {
			out[name] = []any{}
		}
	}
	return out
}

// fields reads a body: 400 when it is not JSON, 422 when it is not an object with at least one field.
func (in *agiledRequest) fields() (map[string]any, *agiledReply) {
	var v any
	if err := json.Unmarshal(in.body, &v); err != nil {
		out := agiledError(http.StatusBadRequest, "The body is not valid JSON.")
		return nil, &out
	}
	fields, ok := v.(map[string]any)
	if !ok || len(fields) == 0 {
		out := agiledError(http.StatusUnprocessableEntity, "Validation failed.")
		return nil, &out
	}
	return fields, nil
}

func (a *Agiled) create(in *agiledRequest, org *agiledOrg, kind agiledKind) agiledReply {
	fields, bad := in.fields()
	if bad != nil {
		return *bad
	}
	now := a.o.Now()
	r := &agiledRecord{id: a.uuid(now), created: now, updated: now, fields: fields}
	if kind.path == agiledSubscriptions {
		return a.subscribe(org, kind, r)
	}
	org.records[kind.path] = append(org.records[kind.path], r)
	return agiledData(http.StatusCreated, a.show(kind, r, nil))
}

func (a *Agiled) update(in *agiledRequest, kind agiledKind, r *agiledRecord) agiledReply {
	fields, bad := in.fields()
	if bad != nil {
		return *bad
	}
	maps.Copy(r.fields, fields)
	r.updated = a.o.Now()
	return agiledData(http.StatusOK, a.show(kind, r, nil))
}
