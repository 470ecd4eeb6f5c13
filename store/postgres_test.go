package store

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/store/pgtest"
	"pgregory.net/rapid"
)

func TestPostgres(t *testing.T) {
	server := pgtest.Start(t)
	conform(t, server.Database)
	t.Run("answers as SQLite does", func(t *testing.T) { testSameAnswers(t, server.Database(t), sqliteFile(t)) })
	t.Run("refuses", func(t *testing.T) { testPostgresRefuses(t, server.Database(t)) })
	t.Run("owner of the schema", func(t *testing.T) { testNotOwner(t, server.Database(t)) })
}

// testSameAnswers writes the same into two stores, whatever it is, and asks both.
func testSameAnswers(t *testing.T, whereA, whereB string) {
	a, b, ctx := open(t, whereA), open(t, whereB), t.Context()
	ids := rapid.SampledFrom([]scanner.ID{"q-0", "q-1", "q-a", "q-B", "q-b"})
	targets := rapid.SampledFrom([]string{"a", "B", "b", "Ä", "\xff"})
	paths := rapid.OneOf(rapid.SampledFrom([]string{"a", "B", "b/é", "b"}), anyBytes)
	times := rapid.Map(rapid.IntRange(-5, 5), func(n int) time.Time { return at.Add(time.Duration(n) * time.Hour) })
	rapid.Check(t, func(t *rapid.T) {
		for range rapid.IntRange(1, 4).Draw(t, "writes") {
			var found []scanner.Finding
			for range rapid.IntRange(0, 3).Draw(t, "found") {
				found = append(found, finding(ids.Draw(t, "id"), paths.Draw(t, "path")))
			}
			target, when := targets.Draw(t, "target"), times.Draw(t, "when")
			v := revoker.Verdict{At: times.Draw(t, "asked"), Validity: rapid.SampledFrom([]revoker.Validity{revoker.Active, revoker.Unknown}).Draw(t, "validity")}
			id := ids.Draw(t, "asked of")
			for _, s := range []*Store{a, b} {
				if err := errors.Join(s.PutFindings(ctx, target, when, found), s.PutVerdict(ctx, id, v)); err != nil {
					t.Fatal(err)
				}
			}
		}
		keysA, errA := a.Keys(ctx)
		keysB, errB := b.Keys(ctx)
		countsA, errCA := a.Counts(ctx)
		countsB, errCB := b.Counts(ctx)
		if err := errors.Join(errA, errB, errCA, errCB); err != nil {
			t.Fatal(err)
		}
		if x, y := fmt.Sprintf("%+q", asText(keysA, countsA)), fmt.Sprintf("%+q", asText(keysB, countsB)); x != y {
			t.Fatalf("%s\n%s", x, y)
		}
	})
}

// asText is all that two stores answered, to compare.
func asText(keys []Key, counts []Count) (all []string) {
	for _, k := range keys {
		all = append(all, fmt.Sprint(k.ID, k.FirstSeen, k.LastSeen, k.Places))
		if k.Verdict != nil {
			all = append(all, fmt.Sprint(*k.Verdict))
		}
	}
	return append(all, fmt.Sprint(counts))
}

// testPostgresRefuses opens what cannot be opened.
func testPostgresRefuses(t *testing.T, where string) {
	address, err := url.Parse(where)
	must(t, err)
	const password = "open-sesame" // of nobody
	nobody, nowhere, closed := *address, *address, *address
	nobody.User = url.UserPassword("ann", password)
	nowhere.Path = "nowhere"
	closed.Host = "127.0.0.1:1"
	for want, u := range map[string]*url.URL{
		"password authentication failed": &nobody,
		`"nowhere" does not exist`:       &nowhere,
		"connection refused":             &closed,
	} {
		secret, _ := u.User.Password()
		_, err := Open(t.Context(), u.String())
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--store") || !strings.Contains(err.Error(), u.Host) {
			t.Errorf("%s: %v", want, err)
		} else if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), secret) {
			t.Errorf("the password stands in: %#v", err)
		}
	}
	s := open(t, where)
	if secret, _ := address.User.Password(); strings.Contains(fmt.Sprintf("%v %+v %#v %s", s, s, s, s.name), secret) {
		t.Errorf("the password stands in %#v", s)
	}
}

// testNotOwner opens a database in whose schema the user may make no table, as PostgreSQL 15 has it for all but the owner.
func testNotOwner(t *testing.T, where string) {
	owner, address := open(t, where), where
	u, err := url.Parse(address)
	must(t, err)
	for _, q := range []string{"CREATE USER ann PASSWORD 'ann'", "DROP SCHEMA public CASCADE", "CREATE SCHEMA public", "GRANT USAGE ON SCHEMA public TO ann"} {
		_, err := owner.db.ExecContext(t.Context(), q)
		must(t, err)
	}
	u.User = url.UserPassword("ann", "ann")
	_, err = Open(t.Context(), u.String())
	if said := (*pgconn.PgError)(nil); !errors.As(err, &said) || said.Code != "42501" || !strings.Contains(err.Error(), "make its user the") {
		t.Errorf("error %v", err)
	}
}

func TestAddresses(t *testing.T) {
	t.Setenv("PGPASSWORD", "")
	t.Setenv("PGUSER", "ann")
	for where, want := range map[string]string{
		"postgres://ann@db.example/quash":                                  "postgres://ann@db.example:5432/quash",
		"postgresql://ann:sesame@db.example:6543/quash?sslmode=disable":    "postgres://ann@db.example:6543/quash",
		"postgres://ann:ses%40me@[::1]:6543/quash?password=sesame":         "postgres://ann@[::1]:6543/quash",
		"postgres:///quash?host=/run/postgresql&user=ann&password=s%40e":   "postgres://ann@/run/postgresql:5432/quash",
		"postgres://ann@one.example,two.example:6543/quash":                "postgres://ann@one.example:5432/quash",
		"postgres://ann:p@sesame@db.example/quash":                         "",
		"postgres://ann:12/sesame@db.example/quash":                        "",
		"postgres://ann:12?sesame@db.example/quash":                        "",
		"postgres://ann:%zzsesame@db.example/quash":                        "",
		"postgres://ann:sesame@db.example:port/quash":                      "",
		"postgres://ann:sesame@db.example/quash?sslmode=sesame":            "",
		"postgres://ann:sesame@db.example/quash?sslrootcert=/none/ca.cert": "",
		"mysql://ann:sesame@db.example/quash":                              "",
	} {
		s, err := connect(where)
		if err == nil {
			err = s.Close()
			if s.name != want {
				t.Errorf("%s: name %s, want %s; %v", where, s.name, want, err)
			}
		} else if want != "" || !strings.HasPrefix(err.Error(), "open store ") || strings.Contains(fmt.Sprintf("%v %#v", err, err), "esame") {
			t.Errorf("%s: %v", where, err)
		}
	}
}

// TestNoErrorHoldsAPassword writes a password into an address as somebody does who knows of no percent-encoding.
func TestNoErrorHoldsAPassword(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		password := rapid.OneOf(rapid.StringMatching(`[0-9]{0,4}[@:/?#%&=\[\] ]?[a-z]{12}[@:/?#%&=,\[\] ]?[a-z]{0,4}`), rapid.String()).Draw(t, "password")
		s, err := connect("postgres://ann:" + password + "@db.example/quash")
		said := fmt.Sprint(err)
		if err == nil {
			said = s.name
			_ = s.Close()
		}
		for n := 0; n+8 <= len(password); n++ {
			if strings.Contains(said, password[n:n+8]) {
				t.Fatalf("of %q says %s", password, said)
			}
		}
	})
}
