package forgetest

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Record is a record of the API, by its members.
type Record = map[string]any

// Records are what the API tells of a repository beside its commits: lists of records, single objects, and files. Its Answer is a
// [Forge]'s. Change it through Set while it is asked.
type Records struct {
	// Lists are records by the path of their list, "/repos/acme/shop/issues". A list is told in pages; in the order of change, from a
	// time on, where it is asked so and its records say when they changed.
	Lists map[string][]Record
	// Runs are workflow runs, by the path of their list.
	Runs map[string][]Record
	// Objects are single objects, and Files what is told as it is, by path.
	Objects map[string]Record
	Files   map[string][]byte
	// GraphQL are answers to queries, in turn.
	GraphQL []any
	// PageSize is how many records a page holds at most; 0: as many as are asked for.
	PageSize int
	// Asked is told of every request for a list before it is answered, while Records may be changed.
	Asked func(path string)

	mu sync.Mutex
}

// Set changes the records between two requests.
func (r *Records) Set(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

// Answer answers a request for what is there.
func (r *Records) Answer(w http.ResponseWriter, req *http.Request) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	path := req.URL.Path
	if path == "/graphql" && len(r.GraphQL) > 0 {
		answer := r.GraphQL[0]
		r.GraphQL = r.GraphQL[1:]
		reply(w, http.StatusOK, answer)
		return true
	}
	if r.Asked != nil {
		r.Asked(path)
	}
	if data, ok := r.Files[path]; ok {
		_, _ = w.Write(data)
		return true
	}
	if object, ok := r.Objects[path]; ok {
		reply(w, http.StatusOK, object)
		return true
	}
	if runs, ok := r.Runs[path]; ok {
		reply(w, http.StatusOK, Record{"total_count": len(runs), "workflow_runs": r.page(w, req, runs)})
		return true
	}
	list, ok := r.Lists[path]
	if ok {
		reply(w, http.StatusOK, r.page(w, req, changed(list, req)))
	}
	return ok
}

// changed are the records of a list that a request asks for, in its order.
func changed(list []Record, req *http.Request) []Record {
	list = slices.Clone(list)
	when := func(r Record) string { return fmt.Sprint(r["updated_at"]) }
	q := req.URL.Query()
	if since, err := time.Parse(time.RFC3339, q.Get("since")); err == nil {
		list = slices.DeleteFunc(list, func(r Record) bool { return when(r) < since.Format(time.RFC3339) })
	}
	if q.Get("sort") == "updated" {
		slices.SortStableFunc(list, func(a, b Record) int { return strings.Compare(when(a), when(b)) })
	}
	return list
}

// page is one page of a list; its header names the next.
func (r *Records) page(w http.ResponseWriter, req *http.Request, list []Record) []Record {
	q := maps.Clone(req.URL.Query())
	size, _ := strconv.Atoi(q.Get("per_page"))
	number, _ := strconv.Atoi(q.Get("page"))
	if r.PageSize > 0 {
		size = r.PageSize
	}
	from := min((max(number, 1)-1)*size, len(list))
	to := min(from+size, len(list))
	if to < len(list) {
		q.Set("page", strconv.Itoa(max(number, 1)+1))
		w.Header().Set("Link", fmt.Sprintf(`<http://%s%s?%s>; rel="next"`, req.Host, req.URL.Path, q.Encode()))
	}
	return append([]Record{}, list[from:to]...)
}
