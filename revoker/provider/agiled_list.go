package provider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
)

const (
	// agiledPerPage is the documented upper bound of per_page.
	agiledPerPage = 100
	// agiledPatience is the longest that one page of a review waits for the rate limit, agiledTries how often it asks.
	agiledPatience = 2 * time.Minute
	agiledTries    = 3
	// agiledUnsorted is a sort field that no list has: Agiled answers it, without a word, with the list's default order.
	agiledUnsorted = "quash_unsupported"
)

// loose is a JSON string or number as text; anything else is "".
type loose string

// UnmarshalJSON implements json.Unmarshaler.
func (l *loose) UnmarshalJSON(b []byte) error {
	var text string
	var number json.Number
	switch {
	case json.Unmarshal(b, &text) == nil:
		*l = loose(text)
	case json.Unmarshal(b, &number) == nil:
		*l = loose(number)
	}
	return nil
}

// looseList is a JSON array of strings or numbers, or one of them alone; anything else is empty.
type looseList []loose

// UnmarshalJSON implements json.Unmarshaler.
func (l *looseList) UnmarshalJSON(b []byte) error {
	var list []loose
	if json.Unmarshal(b, &list) != nil {
		var one loose
		_ = one.UnmarshalJSON(b) // it never fails
		list = []loose{one}
	}
	*l = list
	return nil
}

// agiledRow is what a review reads of a record. Field names of deliveries are not documented, so several are tried.
type agiledRow struct {
	ID          loose     `json:"id"`
	Created     loose     `json:"created_at"`
	Updated     loose     `json:"updated_at"`
	Delivered   loose     `json:"delivered_at"`
	Description loose     `json:"description"`
	TargetURL   loose     `json:"target_url"`
	URL         loose     `json:"url"`
	Status      loose     `json:"status"`
	Event       loose     `json:"event"`
	Events      looseList `json:"events"`
}

// agiledPage is a page of a list.
type agiledPage struct {
	Data []agiledRow `json:"data"`
	Meta struct {
		LastPage int `json:"last_page"`
		Total    int `json:"total"`
	} `json:"meta"`
}

// unlisted is a list that could not be read, in words for a blind spot.
type unlisted struct{ why string }

// Error implements error.
func (u *unlisted) Error() string { return u.why }

// agiledLists reads the public API with the review key. It only sends GET.
type agiledLists struct {
	client *client
	base   string
	key    scanner.Secret
}

// get asks one path. An error is *unlisted, or one that the caller can mend. A rate limit is waited out.
func (l *agiledLists) get(ctx context.Context, path string, query url.Values) (reply, error) {
	root, _ := splitOrigin(l.base)
	q := call{
		method: http.MethodGet, url: l.base + path, origins: []string{root}, key: "agiled-review-key",
		header: http.Header{"Authorization": {"Bearer " + l.key.Reveal()}, "Accept": {"application/json"}},
		limits: agiledRead(), wait: agiledPatience,
	}
	if len(query) > 0 {
		q.url += "?" + query.Encode()
	}
	q.shown = q.url
	for try := 1; ; try++ {
		got, err := l.client.do(ctx, q)
		switch {
		case err != nil && mendable(err) != nil:
			return got, err
		case err != nil:
			return got, &unlisted{err.Error()}
		case got.Status == http.StatusTooManyRequests && got.retryAfter > 0 && try < agiledTries:
			continue
		case got.Status != http.StatusOK:
			return got, &unlisted{fmt.Sprintf("answered %d", got.Status)}
		}
		return got, nil
	}
}

// page reads one page of a list.
func (l *agiledLists) page(ctx context.Context, list string, n int, sortBy string) (agiledPage, error) {
	query := url.Values{"page": {strconv.Itoa(n)}, "per_page": {strconv.Itoa(agiledPerPage)}}
	if sortBy != "" {
		query.Set("sort_by", sortBy)
		query.Set("sort_direction", "desc")
	}
	got, err := l.get(ctx, "/"+list, query)
	if err != nil {
		return agiledPage{}, err
	}
	var p agiledPage
	if json.Unmarshal([]byte(got.Body), &p) != nil || p.Data == nil {
		return agiledPage{}, &unlisted{"answered 200 with something that is not a list"}
	}
	return p, nil
}

// pass reads a list page by page.
type pass struct {
	list   string
	sortBy string
	pages  int
	// sorted says that the list documents the sort field.
	sorted bool
	window revoker.Window
	// row takes each record once for each time it is seen.
	row func(agiledRow)
}

// passEnd says how far a pass came.
type passEnd struct {
	// whole says that every page was read, early that what was not read is older than the window.
	whole, early bool
	// read and total count records.
	read, total int
}

// run reads pages until the list ends, its order proves that the rest is older than the window, or the cap is reached.
// The order is never taken on trust: a sort field that a list does not know is answered in the list's default order, and
// no word is said about it. So the times must fall from record to record, and more, see proven. Without that proof every
// page is read.
func (l *agiledLists) run(ctx context.Context, p pass) (passEnd, error) {
	var end passEnd
	var first agiledPage
	order := fallingOrder{field: p.sortBy}
	for n := 1; n <= p.pages; n++ {
		page, err := l.page(ctx, p.list, n, p.sortBy)
		if err != nil {
			return end, err
		}
		if n == 1 {
			first = page
		}
		for _, row := range page.Data {
			p.row(row)
			order.add(row)
		}
		end.read, end.total = end.read+len(page.Data), page.Meta.Total
		if page.last(n) {
			end.whole = true
			return end, nil
		}
		if !order.past(p.window) {
			continue
		}
		if end.early, err = l.proven(ctx, p, first, page.Meta.LastPage, order); end.early || err != nil {
			return end, err
		}
		order.broken = true
	}
	return end, nil
}

// last says whether the list ends with this page, its nth.
func (p agiledPage) last(n int) bool {
	if p.Meta.LastPage > 0 {
		return n >= p.Meta.LastPage
	}
	return len(p.Data) < agiledPerPage
}

// proven says whether the order that was seen to fall is the one that was asked for. Where the list documents the field,
// it is.
//
// Times of update can fall by accident: in a list by creation in which nothing was changed yet, except a record further
// down. So the list must come in another order for a field that cannot exist. Times of creation may well be the default
// order; for them the last page must fall on.
func (l *agiledLists) proven(ctx context.Context, p pass, first agiledPage, last int, order fallingOrder) (bool, error) {
	if p.sorted {
		return true, nil
	}
	n, field := 1, agiledUnsorted
	if p.sortBy == "created_at" {
		n, field = last, p.sortBy
	}
	other, err := l.page(ctx, p.list, n, field)
	var cannot *unlisted
	switch {
	case errors.As(err, &cannot):
		return false, nil
	case err != nil:
		return false, err
	case p.sortBy != "created_at":
		return ids(first) != ids(other), nil
	}
	for _, row := range other.Data {
		order.add(row)
	}
	return !order.broken, nil
}

// ids are the ids of a page, as one text.
func ids(p agiledPage) string {
	var b strings.Builder
	for _, row := range p.Data {
		b.WriteString(string(row.ID) + "\n")
	}
	return b.String()
}

// fallingOrder watches whether the times of a field fall from record to record. Records without the time are passed over:
// they stand at either end of a sorted list.
type fallingOrder struct {
	field  string
	last   time.Time
	broken bool
}

func (o *fallingOrder) add(row agiledRow) {
	text := row.Updated
	if o.field == "created_at" {
		text = row.Created
	}
	m, ok := agiledTime(string(text))
	if !ok {
		return
	}
	if !o.last.IsZero() && m.told.After(o.last) {
		o.broken = true
	}
	o.last = m.told
}

// past says whether all that follows must be older than the window.
func (o *fallingOrder) past(w revoker.Window) bool {
	return !o.broken && !o.last.IsZero() && o.last.Add(widestSpan).Before(w.From)
}
