package jobs_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/quash-sh/quash/cmd/quash/internal/forge"
	"github.com/quash-sh/quash/cmd/quash/internal/jobs"
)

// api is a double of GitHub's API that notes what it is asked.
func api(t *testing.T, answer http.HandlerFunc) (*jobs.GitHub, *[]string) {
	t.Helper()
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.Path)
		if got := r.Header.Get("Authorization"); got != "Bearer a-token" {
			t.Errorf("Authorization is %q", got)
		}
		answer(w, r)
	}))
	t.Cleanup(srv.Close)
	g, err := jobs.NewGitHub(jobs.GitHubOptions{
		API: srv.URL, Token: func(context.Context) (string, error) { return "a-token", nil }, Hook: "orgs/acme/5", Checks: true, Timeout: 5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return g, &asked
}

func TestGitHubCheckRun(t *testing.T) {
	var sent struct {
		Name, Conclusion string
		HeadSHA          string `json:"head_sha"`
		Output           struct {
			Title       string
			Annotations []struct {
				Path    string
				Line    int `json:"start_line"`
				Message string
			}
		}
	}
	g, asked := api(t, func(w http.ResponseWriter, r *http.Request) {
		data, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(data, &sent); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"id":1}`)
	})
	check := jobs.Check{
		Repository: jobs.Repository{Name: "acme/shop"}, Head: strings.Repeat("ab", 20), Keys: 1, Complete: true,
		Notes: []jobs.Note{{Path: "a.env", Line: 3, ID: "q-1", Title: "agiled-api-key", Text: "q-1: redacted"}, {Text: "in a message"}},
	}
	if err := g.Check(context.Background(), check); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"POST /repos/acme/shop/check-runs"}, *asked); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}
	if sent.Conclusion != "failure" || sent.Output.Title != "1 leaked key" || len(sent.Output.Annotations) != 1 || sent.Output.Annotations[0].Line != 3 {
		t.Errorf("sent %+v", sent)
	}
}

// TestGitHubRedeliver: what failed and was not delivered since is asked for once; what is older than the limit is not looked at.
func TestGitHubRedeliver(t *testing.T) {
	now := time.Now().UTC()
	at := func(ago time.Duration) string { return now.Add(-ago).Format(time.RFC3339) }
	const day = 24 * time.Hour
	page := `[
		{"id":9,"guid":"a","status_code":202,"delivered_at":"` + at(1*time.Hour) + `"},
		{"id":8,"guid":"b","status_code":500,"delivered_at":"` + at(2*time.Hour) + `"},
		{"id":7,"guid":"b","status_code":502,"delivered_at":"` + at(3*time.Hour) + `"},
		{"id":6,"guid":"a","status_code":503,"delivered_at":"` + at(4*time.Hour) + `"},
		{"id":5,"guid":"c","status_code":0,"delivered_at":"` + at(day) + `"},
		{"id":4,"guid":"d","status_code":500,"delivered_at":"` + at(4*day) + `"}]`
	g, asked := api(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, `{}`)
			return
		}
		_, _ = io.WriteString(w, page)
	})
	n, err := g.Redeliver(context.Background(), now.Add(-3*day))
	if err != nil || n != 2 {
		t.Errorf("%d deliveries asked for, error %v; want 2", n, err)
	}
	want := []string{"GET /orgs/acme/hooks/5/deliveries", "POST /orgs/acme/hooks/5/deliveries/5/attempts", "POST /orgs/acme/hooks/5/deliveries/8/attempts"}
	slices.Sort(*asked)
	if d := cmp.Diff(want, *asked); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}
}

// TestGitHubManyAnnotations: GitHub takes 50 in a request, so the rest is added to the check run that was made; none is lost or told twice.
func TestGitHubManyAnnotations(t *testing.T) {
	for _, n := range []int{0, 1, 49, 50, 51, 100, 120} {
		var lines []int
		var most int
		g, asked := api(t, func(w http.ResponseWriter, r *http.Request) {
			var sent struct {
				Name   string
				Output struct {
					Title, Summary string
					Annotations    []struct {
						Line int `json:"start_line"`
					}
				}
			}
			if err := json.NewDecoder(r.Body).Decode(&sent); err != nil || sent.Name != "quash" || sent.Output.Title == "" || sent.Output.Summary == "" {
				t.Errorf("sent %+v, %v", sent, err)
			}
			for _, a := range sent.Output.Annotations {
				lines = append(lines, a.Line)
			}
			most = max(most, len(sent.Output.Annotations))
			_, _ = io.WriteString(w, `{"id":77}`)
		})
		c := jobs.Check{Repository: jobs.Repository{Name: "acme/shop"}, Head: strings.Repeat("ab", 20), Keys: n, Complete: true}
		var want []int
		for line := 1; line <= n; line++ {
			c.Notes, want = append(c.Notes, jobs.Note{Path: "a.env", Line: line}), append(want, line)
		}
		if err := g.Check(context.Background(), c); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, lines); d != "" || most > 50 {
			t.Errorf("%d annotations, up to %d at once (-want +got):\n%s", n, most, d)
		}
		requests := []string{"POST /repos/acme/shop/check-runs"}
		for left := n - 50; left > 0; left -= 50 {
			requests = append(requests, "PATCH /repos/acme/shop/check-runs/77")
		}
		if d := cmp.Diff(requests, *asked); d != "" {
			t.Errorf("%d annotations: asked (-want +got):\n%s", n, d)
		}
	}
}

// TestGitHubRedeliverOf asks for the failed delivery of every kind of hook, over two pages. That of the App wants the App itself.
func TestGitHubRedeliverOf(t *testing.T) {
	for hook, path := range map[string]string{"app": "/app/hook", "orgs/acme/5": "/orgs/acme/hooks/5", "repos/acme/shop/6": "/repos/acme/shop/hooks/6"} {
		var asked []string
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, r.Method+" "+r.URL.Path+" "+r.URL.Query().Get("cursor"))
			if want := map[bool]string{true: "Bearer a-claim", false: "Bearer a-token"}[hook == "app"]; r.Header.Get("Authorization") != want {
				t.Errorf("%s: Authorization is %q", hook, r.Header.Get("Authorization"))
			}
			switch {
			case r.Method == http.MethodPost:
				w.WriteHeader(http.StatusAccepted)
			case r.URL.Query().Get("cursor") == "":
				w.Header().Set("Link", `<https://x.example/?cursor=v1_2>; rel="next"`)
				_, _ = io.WriteString(w, `[{"id":9,"guid":"a","status_code":202,"delivered_at":"`+time.Now().UTC().Format(time.RFC3339)+`"}]`)
				return
			default:
				_, _ = io.WriteString(w, `[{"id":8,"guid":"b","status_code":504,"delivered_at":"`+time.Now().UTC().Format(time.RFC3339)+`"}]`)
				return
			}
			_, _ = io.WriteString(w, `{}`)
		}))
		token := func(s string) forge.Token { return func(context.Context) (string, error) { return s, nil } }
		g, err := jobs.NewGitHub(jobs.GitHubOptions{API: srv.URL, Token: token("a-token"), App: token("a-claim"), Hook: hook, Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := g.Redeliver(context.Background(), time.Now().Add(-time.Hour)); n != 1 || err != nil {
			t.Errorf("%s: %d, %v", hook, n, err)
		}
		srv.Close()
		want := []string{"GET " + path + "/deliveries ", "GET " + path + "/deliveries v1_2", "POST " + path + "/deliveries/8/attempts "}
		if d := cmp.Diff(want, asked); d != "" {
			t.Errorf("%s asks (-want +got):\n%s", hook, d)
		}
	}
}

func TestGitHubRefuses(t *testing.T) {
	for _, o := range []jobs.GitHubOptions{
		{API: "http://api.acme.example"}, {API: "https://u:p@api.acme.example"}, {API: ""},
		{API: "https://api.acme.example", Hook: "app"}, {API: "https://api.acme.example", Hook: "acme/5"}, {API: "https://api.acme.example", Hook: "orgs/acme/x"},
	} {
		if _, err := jobs.NewGitHub(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}
