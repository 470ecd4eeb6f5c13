package providertest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/revoker/provider/providertest"
)

func TestAgiledMe(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	g := h.want(200, "GET /public/v1/me", h.key.Token, "")
	want := map[string]any{
		"abilities":    []any{"read", "write"},
		"organization": map[string]any{"id": h.org.ID, "name": "Acme GmbH"},
		"user":         map[string]any{"id": "user-" + h.org.ID, "email": "admin@example.com", "name": "Admin"},
		"token_id":     h.key.ID,
	}
	if d := cmp.Diff(want, g.Data); d != "" {
		t.Error(d)
	}
	sparse := agiled(t, providertest.AgiledOptions{Me: []string{"token_id"}})
	g = sparse.want(200, "GET /public/v1/me", sparse.key.Token, "")
	if d := cmp.Diff(map[string]any{"token_id": sparse.key.ID}, g.Data); d != "" {
		t.Error(d)
	}
}

func TestAgiledWhoIsRefused(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	for name, token := range map[string]string{
		"none": "", "unknown": h.key.Token[1:] + "x", "truncated": h.key.Token[:40], "spaces": " " + h.key.Token,
	} {
		if g := h.ask("GET /public/v1/me", token, ""); g.status != 401 || g.Error != "Unauthorized." {
			t.Errorf("%s: %d %q", name, g.status, g.Error)
		}
	}
	reader := h.AddKey(providertest.AgiledKey{Name: "r", Organization: h.org.ID, Preset: providertest.AgiledReadOnly})
	h.want(200, "GET /public/v1/contacts", reader.Token, "")
	if g := h.want(403, "POST /public/v1/contacts", reader.Token, `{"email":"a@example.com"}`); g.Error != "Forbidden." {
		t.Errorf("403 says %q", g.Error)
	}
	narrow := h.AddKey(providertest.AgiledKey{Name: "n", Organization: h.org.ID, Abilities: []string{"invoices:read"}})
	h.want(200, "GET /public/v1/invoices", narrow.Token, "")
	h.want(403, "GET /public/v1/contacts", narrow.Token, "")
	h.want(200, "GET /public/v1/me", narrow.Token, "")
	h.DenyAPI(h.org.ID, true)
	h.want(403, "GET /public/v1/me", h.key.Token, "")
	h.want(401, "GET /public/v1/me", "nobody", "")
}

func TestAgiledKeysEnd(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	h.advance(90*24*time.Hour - time.Second)
	h.want(200, "GET /public/v1/me", h.key.Token, "")
	h.advance(time.Second)
	h.want(401, "GET /public/v1/me", h.key.Token, "")
}

func TestAgiledOrganizationsAreApart(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	other := h.AddOrganization("Other Ltd")
	key := h.AddKey(providertest.AgiledKey{Name: "o", Organization: other.ID})
	id := h.want(201, "POST /public/v1/deals", h.key.Token, `{"name":"big"}`).field("id")
	h.want(200, fmt.Sprint("GET /public/v1/deals/", id), h.key.Token, "")
	h.want(404, fmt.Sprint("GET /public/v1/deals/", id), key.Token, "")
	if n := h.want(200, "GET /public/v1/deals", key.Token, "").Meta["total"]; n != 0 {
		t.Errorf("the other organization sees %d deals", n)
	}
}

func TestAgiledPages(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	from := h.now.AddDate(0, -2, 0)
	h.Fill(h.org.ID, providertest.AgiledFill{Lists: []string{"deals"}, Before: 150, From: from, To: h.now})
	for _, c := range []struct {
		query    string
		rows     int
		wantMeta map[string]int
	}{
		{"", 25, map[string]int{"current_page": 1, "last_page": 6, "per_page": 25, "total": 150}},
		{"?page=2&per_page=100", 50, map[string]int{"current_page": 2, "last_page": 2, "per_page": 100, "total": 150}},
		{"?page=x&per_page=x", 25, map[string]int{"current_page": 1, "last_page": 6, "per_page": 25, "total": 150}},
		{"?page=-1&per_page=0", 1, map[string]int{"current_page": 1, "last_page": 150, "per_page": 1, "total": 150}},
		{"?per_page=1000", 100, map[string]int{"current_page": 1, "last_page": 2, "per_page": 100, "total": 150}},
		{"?page=99", 0, map[string]int{"current_page": 99, "last_page": 6, "per_page": 25, "total": 150}},
	} {
		g := h.want(200, "GET /public/v1/deals"+c.query, h.key.Token, "")
		if d := cmp.Diff(c.wantMeta, g.Meta); d != "" || len(g.ids()) != c.rows {
			t.Errorf("%q: %d rows %s", c.query, len(g.ids()), d)
		}
	}
}

func TestAgiledSortFallsBackSilently(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	from := h.now.AddDate(0, -2, 0)
	h.Fill(h.org.ID, providertest.AgiledFill{Lists: []string{"contacts", "deals"}, Before: 20, Inside: 20, From: from, To: h.now})
	list := func(query string) []string { return h.want(200, "GET /public/v1/"+query, h.key.Token, "").ids() }

	byDefault := list("contacts?per_page=100")
	if d := cmp.Diff(byDefault, list("contacts?per_page=100&sort_by=nonsense&sort_direction=asc")); d != "" {
		t.Error("an unsupported field does not fall back:", d)
	}
	up, down := list("contacts?per_page=100&sort_by=email&sort_direction=asc"), list("contacts?per_page=100&sort_by=email&sort_direction=desc")
	slices.Reverse(down)
	if d := cmp.Diff(up, down); d != "" || cmp.Equal(up, byDefault) {
		t.Error("contacts do not sort by email:", d)
	}
	if d := cmp.Diff(list("deals?per_page=100"), list("deals?per_page=100&sort_by=updated_at")); d != "" {
		t.Error("deals sort by updated_at, they should fall back:", d)
	}
	other := agiled(t, providertest.AgiledOptions{Sorts: map[string][]string{"deals": {"updated_at"}}})
	other.Fill(other.org.ID, providertest.AgiledFill{Lists: []string{"deals"}, Before: 20, Inside: 20, From: from, To: h.now})
	if cmp.Equal(other.want(200, "GET /public/v1/deals", other.key.Token, "").ids(),
		other.want(200, "GET /public/v1/deals?sort_by=updated_at", other.key.Token, "").ids()) {
		t.Error("Sorts does not make deals sortable")
	}
}

func TestAgiledContactFilters(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	from := h.now.AddDate(0, -2, 0)
	inside := h.Fill(h.org.ID, providertest.AgiledFill{Lists: []string{"contacts"}, Before: 20, Inside: 21, From: from, To: h.now})
	query := "contacts?per_page=100&created_after=" + from.Add(-time.Second).Format("2006-01-02T15:04:05Z")
	created := h.want(200, "GET /public/v1/"+query, h.key.Token, "").ids()
	updated := h.want(200, "GET /public/v1/"+strings.Replace(query, "created_", "updated_", 1), h.key.Token, "").ids()
	if len(created) != 14 || len(updated) != 14 {
		t.Errorf("%d created, %d updated, want 14 each", len(created), len(updated))
	}
	all := append(created, updated...)
	slices.Sort(all)
	slices.Sort(inside["contacts"])
	if d := cmp.Diff(inside["contacts"], slices.Compact(all)); d != "" {
		t.Error(d)
	}
	h.want(201, "POST /public/v1/contacts", h.key.Token, `{"email":"x@example.com","full_name":"X Y"}`)
	for _, q := range []string{"email=x@example.com", "full_name=x+y"} {
		if n := h.want(200, "GET /public/v1/contacts?"+q, h.key.Token, "").Meta["total"]; n != 1 {
			t.Errorf("%s: %d", q, n)
		}
	}
	first := h.want(200, "GET /public/v1/contacts?include=accounts,nonsense&per_page=1", h.key.Token, "").Data.([]any)[0].(map[string]any)
	if _, ok := first["accounts"]; !ok {
		t.Error("include=accounts includes nothing")
	}
	if _, ok := first["nonsense"]; ok {
		t.Error("an unknown include is not ignored")
	}
}

func TestAgiledTimes(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{TimeFormat: map[string]string{"deals": time.DateTime, "tasks": time.DateOnly}})
	for list, want := range map[string]string{
		"contacts": "2026-03-01T12:00:00.000Z", "deals": "2026-03-01 12:00:00", "tasks": "2026-03-01",
	} {
		if at := h.want(201, "POST /public/v1/"+list, h.key.Token, `{"name":"n"}`).field("updated_at"); at != want {
			t.Errorf("%s: %v", list, at)
		}
	}
}

func TestAgiledRecords(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	id := h.want(201, "POST /public/v1/projects", h.key.Token, `{"name":"n"}`).field("id").(string)
	h.advance(time.Hour)
	g := h.want(200, "PATCH /public/v1/projects/"+id, h.key.Token, `{"name":"m"}`)
	if g.field("name") != "m" || g.field("created_at") == g.field("updated_at") {
		t.Errorf("after an update: %v", g.Data)
	}
	h.want(204, "DELETE /public/v1/projects/"+id, h.key.Token, "")
	h.want(404, "GET /public/v1/projects/"+id, h.key.Token, "")
	for request, status := range map[string]int{
		"GET /public/v1/nonsense": 404, "DELETE /public/v1/contacts/x": 404, "GET /elsewhere": 404,
		"POST /public/v1/webhook-deliveries": 404,
	} {
		h.want(status, request, h.key.Token, `{}`)
	}
	h.want(400, "POST /public/v1/deals", h.key.Token, `{`)
	h.want(422, "POST /public/v1/deals", h.key.Token, `[]`)
}

func TestAgiledLimits(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	for range 60 {
		h.want(200, "GET /public/v1/me", h.key.Token, "")
	}
	h.advance(20*time.Second + time.Millisecond)
	if after := h.want(429, "GET /public/v1/me", h.key.Token, "").header.Get("Retry-After"); after != "40" {
		t.Errorf("Retry-After %q, want 40 (whole seconds, rounded up)", after)
	}
	for range 30 {
		h.want(201, "POST /public/v1/deals", h.key.Token, `{"name":"n"}`)
	}
	h.want(429, "POST /public/v1/deals", h.key.Token, `{"name":"n"}`)
	other := h.AddKey(providertest.AgiledKey{Name: "other", Organization: h.org.ID})
	h.want(200, "GET /public/v1/me", other.Token, "")
	h.advance(40 * time.Second)
	h.want(200, "GET /public/v1/me", h.key.Token, "")
}

func TestAgiledIdempotency(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	other := h.AddKey(providertest.AgiledKey{Name: "other", Organization: h.org.ID})
	post := func(status int, path, token, body, key string) any {
		t.Helper()
		return h.want(status, "POST /public/v1/"+path, token, body, "Idempotency-Key: "+key).field("id")
	}
	post(422, "deals", h.key.Token, `{}`, "k")
	first := post(201, "deals", h.key.Token, `{"name":"n"}`, "k")
	if post(201, "deals", h.key.Token, `{"name":"n"}`, "k") != first || post(201, "deals", other.Token, `{"name":"n"}`, "k") != first {
		t.Error("the same body in the same organization is not answered with the stored reply")
	}
	post(409, "deals", h.key.Token, `{"name":"m"}`, "k")
	if post(201, "tasks", h.key.Token, `{"name":"m"}`, "k") == first || post(201, "deals", h.key.Token, `{"name":"n"}`, "l") == first {
		t.Error("path or key is not in the scope")
	}
	elsewhere := h.AddOrganization("Other Ltd")
	foreign := h.AddKey(providertest.AgiledKey{Name: "foreign", Organization: elsewhere.ID})
	if post(201, "deals", foreign.Token, `{"name":"n"}`, "k") == first {
		t.Error("the organization is not in the scope")
	}
	h.want(204, fmt.Sprint("DELETE /public/v1/projects/", post(201, "projects", h.key.Token, `{"name":"n"}`, "p")), h.key.Token, "", "Idempotency-Key: d")
	h.advance(30 * 24 * time.Hour)
	if post(201, "deals", h.key.Token, `{"name":"m"}`, "k") == first {
		t.Error("the key is kept for more than 30 days")
	}
}

func TestAgiledIdempotentDelete(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	id := h.want(201, "POST /public/v1/files", h.key.Token, `{"name":"n"}`).field("id").(string)
	for range 2 {
		h.want(204, "DELETE /public/v1/files/"+id, h.key.Token, "", "Idempotency-Key: d")
	}
	h.want(404, "DELETE /public/v1/files/"+id, h.key.Token, "")
}

func TestAgiledWebhooks(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	made := h.want(201, "POST /public/v1/webhook-subscriptions", h.key.Token,
		`{"target_url":"https://hooks.example.com/in","events":["contact.created"],"description":"sync"}`)
	secret, _ := made.field("secret").(string)
	if len(secret) < 20 {
		t.Error("no secret was told")
	}
	listed := h.want(200, "GET /public/v1/webhook-subscriptions", h.key.Token, "")
	row := listed.Data.([]any)[0].(map[string]any)
	if _, again := row["secret"]; again || strings.Contains(listed.body, secret) {
		t.Error("the secret is told twice")
	}
	if row["target_url"] != "https://hooks.example.com/in" || row["status"] != "active" {
		t.Errorf("listed as %v", row)
	}
	for _, target := range []string{"http://hooks.example.com", "https://127.0.0.1/x", "https://10.0.0.1", "https://localhost", "https://db.local", "x"} {
		h.want(422, "POST /public/v1/webhook-subscriptions", h.key.Token, fmt.Sprintf(`{"target_url":%q,"events":["contact.created"]}`, target))
	}
	h.want(422, "POST /public/v1/webhook-subscriptions", h.key.Token, `{"target_url":"https://hooks.example.com"}`)
	h.AddDelivery(h.org.ID, providertest.AgiledDelivery{Event: "contact.created", TargetURL: "https://hooks.example.com/in", Status: "delivered", Attempts: 1})
	if n := h.want(200, "GET /public/v1/webhook-deliveries", h.key.Token, "").Meta["total"]; n != 1 {
		t.Errorf("%d deliveries", n)
	}
	h.want(204, fmt.Sprint("DELETE /public/v1/webhook-subscriptions/", made.field("id")), h.key.Token, "")
	if n := h.want(200, "GET /public/v1/webhook-subscriptions", h.key.Token, "").Meta["total"]; n != 0 {
		t.Errorf("%d subscriptions after the delete", n)
	}
}

func TestAgiledSettingsPage(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	if err := h.RevokeInUI("nobody's"); err == nil {
		t.Error("an unknown name was revoked")
	}
	h.AddKey(providertest.AgiledKey{Name: "New key", Organization: h.org.ID})
	h.AddKey(providertest.AgiledKey{Name: "New key", Organization: h.org.ID})
	if err := h.RevokeInUI("New key"); err == nil {
		t.Error("one of two keys of the same name was revoked")
	}
	if err := h.RevokeInUI(h.key.Name); err != nil {
		t.Fatal(err)
	}
	h.want(401, "GET /public/v1/me", h.key.Token, "")
	if !h.Revoked(h.key.Token).Equal(h.now) {
		t.Errorf("revoked at %v", h.Revoked(h.key.Token))
	}
}

func TestAgiledRevokeTakesTime(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	h.SetLag(providertest.AgiledLag{Looks: 2})
	slow := h.AddKey(providertest.AgiledKey{Name: "slow", Organization: h.org.ID})
	if err := h.RevokeInUI(h.key.Name); err != nil {
		t.Fatal(err)
	}
	for _, status := range []int{200, 200, 401, 401} {
		h.want(status, "GET /public/v1/me", h.key.Token, "")
	}
	h.SetLag(providertest.AgiledLag{For: time.Minute})
	if err := h.RevokeInUI("slow"); err != nil {
		t.Fatal(err)
	}
	h.advance(59 * time.Second)
	h.want(200, "GET /public/v1/me", slow.Token, "")
	h.advance(time.Second)
	h.want(401, "GET /public/v1/me", slow.Token, "")
}

func TestAgiledOperatorRevoke(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{Seed: 5})
	twin := h.AddKey(providertest.AgiledKey{Name: "twin", Organization: h.org.ID})
	h.AddKey(providertest.AgiledKey{Name: "twin", Organization: h.org.ID})
	order := func(status int, credential, body string, headers ...string) got {
		t.Helper()
		return h.want(status, "POST "+providertest.AgiledRevokePath, credential, body, headers...)
	}
	order(401, "wrong", `{"name":"twin"}`)
	order(401, h.key.Token, `{"name":"twin"}`)
	order(404, h.Operator(), `{"name":"nobody's"}`)
	order(409, h.Operator(), `{"name":"twin"}`)
	order(422, h.Operator(), `{"organization":"x"}`)
	order(400, h.Operator(), `{`)
	h.want(200, "GET /public/v1/me", twin.Token, "")

	first := order(202, h.Operator(), fmt.Sprintf(`{"token_id":%q}`, twin.ID), "Idempotency-Key: a").field("reference")
	if again := order(202, h.Operator(), fmt.Sprintf(`{"token_id":%q}`, twin.ID), "Idempotency-Key: a").field("reference"); again != first {
		t.Errorf("the order was taken twice: %v, %v", first, again)
	}
	order(409, h.Operator(), `{"name":"x"}`, "Idempotency-Key: a")
	h.want(401, "GET /public/v1/me", twin.Token, "")
	order(202, h.Operator(), fmt.Sprintf(`{"token":%q}`, h.key.Token))
	h.want(401, "GET /public/v1/me", h.key.Token, "")
}

func TestAgiledLegacy(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	k := h.AddKey(providertest.AgiledKey{Name: "old", Organization: h.org.ID, Legacy: true, Brand: "https://acme.agiled.app"})
	path := "GET /api/v1/users?api_token=" + k.Token
	h.want(200, path, "", "", "Brand: https://acme.agiled.app")
	if g := h.ask(path, "", ""); g.status != 401 || !strings.Contains(g.body, `"message":"Unauthenticated"`) {
		t.Errorf("without Brand: %d %s", g.status, g.body)
	}
	h.want(401, path, "", "", "Brand: https://other.agiled.app")
	h.want(401, "GET /public/v1/me", k.Token, "")
	for _, c := range h.Calls() {
		if c.Query.Has("api_token") {
			t.Fatal("the log holds a token")
		}
	}
}

func TestAgiledFaults(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	h.Inject(providertest.AgiledFault{Path: "/public/v1/me", Status: 429, RetryAfter: "7", Times: 2, After: 1})
	for _, status := range []int{200, 429, 429, 200} {
		g := h.want(status, "GET /public/v1/me", h.key.Token, "")
		if status == 429 && g.header.Get("Retry-After") != "7" {
			t.Error("no Retry-After")
		}
	}
	h.Inject(providertest.AgiledFault{Method: "POST", Status: 500})
	h.want(500, "POST /public/v1/deals", h.key.Token, `{"name":"n"}`)
	if n := h.want(200, "GET /public/v1/deals", h.key.Token, "").Meta["total"]; n != 0 {
		t.Error("a faulty request was acted on")
	}
	h.Heal()
	h.want(201, "POST /public/v1/deals", h.key.Token, `{"name":"n"}`)
	h.Inject(providertest.AgiledFault{Redirect: "https://evil.example/", Times: 1})
	if to := h.want(302, "GET /public/v1/me", h.key.Token, "").header.Get("Location"); to != "https://evil.example/" {
		t.Errorf("redirect to %q", to)
	}
	h.Inject(providertest.AgiledFault{HTML: true, Token: h.key.Token})
	if g := h.want(200, "GET /public/v1/me", h.key.Token, ""); !strings.Contains(g.body, "<html>") {
		t.Error("no page")
	}
	h.want(401, "GET /public/v1/me", "nobody", "")
}

func TestAgiledLog(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	h.ask("GET /public/v1/me?a=b", h.key.Token, "")
	h.ask("POST /public/v1/deals", h.key.Token, `{"name":"n"}`, "Idempotency-Key: k")
	h.ask("GET /elsewhere", "", "")
	shown := providertest.AgiledFingerprint(h.key.Token)
	want := []providertest.AgiledCall{
		{At: h.now, Method: "GET", Path: "/public/v1/me", Query: map[string][]string{"a": {"b"}}, Key: shown, Status: 200},
		{At: h.now, Method: "POST", Path: "/public/v1/deals", Query: map[string][]string{}, Key: shown, Idempotency: "k", Mutating: true, Status: 201},
		{At: h.now, Method: "GET", Path: "/elsewhere", Query: map[string][]string{}, Status: 404},
	}
	if d := cmp.Diff(want, h.Calls()); d != "" {
		t.Error(d)
	}
	if s := fmt.Sprintf("%v %+v", h.Calls(), h.key); strings.Contains(s, h.key.Token) {
		t.Error("the log or a printed key holds the key")
	}
}

func TestAgiledSameSeedSameData(t *testing.T) {
	data := func(seed uint64) string {
		h := agiled(t, providertest.AgiledOptions{Seed: seed})
		h.Fill(h.org.ID, providertest.AgiledFill{Before: 3, Inside: 4, After: 2, From: h.now.AddDate(0, -1, 0), To: h.now.AddDate(0, 0, -9)})
		return h.key.Token + h.want(200, "GET /public/v1/time-entries", h.key.Token, "").body
	}
	if first, second := data(1), data(1); first != second {
		t.Error("the same seed gives other data")
	}
	if data(1) == data(2) {
		t.Error("another seed gives the same data")
	}
}

func TestAgiledFillPlacesRecords(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	from, to := h.now.AddDate(0, -1, 0), h.now.AddDate(0, 0, -12)
	inside := h.Fill(h.org.ID, providertest.AgiledFill{Before: 9, Inside: 9, After: 9, From: from, To: to})
	if len(inside) != 13 {
		t.Errorf("%d lists, want the 13 that hold records", len(inside))
	}
	for list, want := range inside {
		var in []string
		for _, row := range h.want(200, "GET /public/v1/"+list+"?per_page=100", h.key.Token, "").Data.([]any) {
			r := row.(map[string]any)
			if within(r["created_at"], from, to) || within(r["updated_at"], from, to) {
				in = append(in, r["id"].(string))
			}
		}
		slices.Sort(in)
		slices.Sort(want)
		if d := cmp.Diff(want, in); d != "" {
			t.Errorf("%s: %s", list, d)
		}
	}
}

func within(at any, from, to time.Time) bool {
	s, _ := at.(string)
	t, err := time.Parse(time.RFC3339, s)
	return err == nil && !t.Before(from) && !t.After(to)
}
