package cli_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/cli"
	"github.com/quash-sh/quash/cmd/quash/internal/service"
	"github.com/quash-sh/quash/store/pgtest"
)

// realTime lets the world's clock go on with the machine's, which child processes have. What the program waits for within this process
// stays passed.
func (w *world) realTime() {
	ctx, cancel := context.WithCancel(context.Background())
	w.t.Cleanup(cancel)
	w.mu.Lock()
	last := time.Now()
	w.now = last.UTC()
	w.mu.Unlock()
	go func() {
		for tick := time.NewTicker(5 * time.Millisecond); ctx.Err() == nil; <-tick.C {
			w.mu.Lock()
			w.now = w.now.Add(time.Since(last))
			last = time.Now()
			w.mu.Unlock()
		}
	}()
}

// crew are the processes of one service, the first of which takes deliveries. Any may be killed, and another takes its place.
type crew struct {
	w       *world
	start   []func() (*server, *os.Process)
	mu      sync.Mutex
	servers []*server
	kills   []int
	process []*os.Process
}

func (w *world) crew(start ...func() (*server, *os.Process)) *crew {
	c := &crew{w: w, start: start, servers: make([]*server, len(start)), kills: make([]int, len(start)), process: make([]*os.Process, len(start))}
	for i := range start {
		c.begin(i)
	}
	return c
}

func (c *crew) begin(i int) {
	c.w.t.Helper()
	s, p := c.start[i]()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.servers[i], c.process[i] = s, p
}

// kill kills a process with -9, and starts another in its place.
func (c *crew) kill(i int) {
	c.w.t.Helper()
	if err := c.process[i].Kill(); err != nil {
		c.w.t.Fatal(err)
	}
	c.servers[i].stop()
	c.kills[i]++
	c.begin(i)
}

// deliver sends a delivery again, as a redelivery does, until it is taken.
func (c *crew) deliver(d sent) {
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		c.mu.Lock()
		url := c.servers[0].url
		c.mu.Unlock()
		req, err := d.request(url)
		if err != nil {
			c.w.t.Error(err)
			return
		}
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = res.Body.Close() // nothing in it is wanted
			if res.StatusCode == http.StatusAccepted {
				return
			}
		}
		if time.Now().After(end) {
			c.w.t.Errorf("delivery %s is not taken: %v", d.id, err)
			return
		}
	}
}

// killed pushes a live key in each round, while one process of the service, whichever, is killed at a moment of chance. It returns
// the keys.
func (c *crew) killed(rounds int) (keys []string) {
	c.w.t.Helper()
	before := c.w.head("acme/shop")
	var delivering sync.WaitGroup
	for i := range rounds {
		k := c.w.key("Warehouse sync " + strconv.Itoa(i) + " - production - Ops")
		keys = append(keys, k.Token)
		c.w.leak(fmt.Sprintf("work/acme/shop/config/agiled%d.env", i), k)
		after := c.w.commit("acme/shop", "settings")
		c.w.git("work/acme/shop", "push", "-q", "origin", "main")
		body := payload("acme/shop", "refs/heads/main", before, after)
		delivering.Go(func() {
			c.deliver(sent{fmt.Sprintf("kill-%d", i), "application/json", service.Sign([]byte(webhookSecret), body), body, http.StatusAccepted})
		})
		before = after
		time.Sleep(time.Duration(rand.IntN(700)) * time.Millisecond)
		c.kill(rand.IntN(len(c.start)))
	}
	delivering.Wait()
	return keys
}

// recorded is what a line of a journal says.
type recorded struct{ ID, Kind string }

func recordedIn(t *testing.T, lines []string) (all []recorded) {
	t.Helper()
	for _, line := range lines {
		var r recorded
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// settled checks what must hold once all keys are answered: every key is dead, by one order that was announced before, and
// confirmed once.
func (c *crew) settled(t *testing.T, keys, lines []string) {
	t.Helper()
	orders, calls := map[string]int{}, 0 // by idempotency key: an order that a crash cut off may be sent again, as the same order
	for _, call := range c.w.agiled.Calls() {
		if call.Mutating {
			orders[call.Idempotency]++
			calls++
		}
	}
	if len(orders) != len(keys) || orders[""] > 0 {
		t.Errorf("%d different orders for %d keys: %v", len(orders), len(keys), orders)
	}
	for _, key := range keys {
		if c.w.agiled.Revoked(key).IsZero() {
			t.Error("a key lives")
		}
		c.servers[0].holdsNo(key)
	}
	done := map[recorded]int{}
	for _, r := range recordedIn(t, lines) {
		if r.Kind == "intent" && done[recorded{r.ID, "receipt"}] > 0 {
			t.Errorf("%s: an intent follows a receipt", r.ID)
		}
		done[r]++
	}
	intents, confirmed := 0, 0
	for r, n := range done {
		switch r.Kind {
		case "intent":
			intents += n
		case "confirmed":
			confirmed++
			if n != 1 {
				t.Errorf("%s is confirmed %d times", r.ID, n)
			}
		}
	}
	if confirmed != len(keys) || calls > intents {
		t.Errorf("%d keys are confirmed, of %d; %d calls on %d intents", confirmed, len(keys), calls, intents)
	}
	t.Logf("%d keys: %d intents, %d calls, %d orders, %d confirmed; %d entries in the journal; kills by process %v",
		len(keys), intents, calls, len(orders), confirmed, len(lines), c.kills)
}

func count(kinds []string, kind string) (n int) {
	for _, k := range kinds {
		if k == kind {
			n++
		}
	}
	return n
}

// executes are the flags of a service that acts, and finds out soon that one of its processes died.
func (w *world) executes() []string {
	return []string{
		"--execute", "--policy", w.policy("auto", "caps: {run: 1000, provider: 1000, hour: 1000}\n"),
		"--beat", "100ms", "--wait", "20s", "--timeout", "30s", "--retry", "200ms", "--attempts", "30",
	}
}

// TestServeKilledSQLite: killed with -9 at random moments, the service loses no push and revokes no key twice.
func TestServeKilledSQLite(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	w.realTime()
	w.repository("acme/shop")
	rounds, args := size(t, 1, 3, 50), w.executes()
	c := w.crew(func() (*server, *os.Process) { return w.startChild("state", args...) })
	keys := c.killed(rounds)
	// The reviews take their time: all share one key, at the pace that Agiled allows.
	lines := func() []string { return strings.Split(strings.TrimSpace(c.servers[0].journal()), "\n") }
	c.servers[0].wait("all confirmed", 8*time.Minute, func() bool { return confirmations(lines()) >= rounds })
	c.servers[0].stop()
	c.settled(t, keys, lines())
	w.wants(w.run("journal", "verify"), cli.ExitOK)
}

// TestServeKilledPostgres: a receiver and two workers share nothing but the database, and each may be killed with -9.
func TestServeKilledPostgres(t *testing.T) {
	address := pgtest.Start(t).Database(t)
	w := newWorld(t)
	w.endpoint()
	w.realTime()
	w.repository("acme/shop")
	rounds, args := size(t, 1, 3, 50), append(w.executes(), "--store", address)
	start := func(state, role string) func() (*server, *os.Process) {
		return func() (*server, *os.Process) { return w.startChild("state/"+state, append(args, "--role", role)...) }
	}
	c := w.crew(start("receiver", "receiver"), start("one", "worker"), start("two", "worker"))
	keys := c.killed(rounds)
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // it was read only
	c.servers[1].wait("all confirmed", 8*time.Minute, func() bool { return confirmations(linesIn(t, db)) >= rounds })
	for _, s := range c.servers {
		s.stop()
	}
	c.settled(t, keys, linesIn(t, db))
	for _, file := range []string{"one", "two", "receiver"} {
		if _, err := os.Stat(w.path("state/" + file + "/journal.jsonl")); err == nil {
			t.Errorf("%s wrote a journal of its own", file)
		}
	}
	w.wants(w.run("journal", "verify", "--store", address), cli.ExitOK, "journal in the store: ", "chain verified")
	w.wants(w.run("journal", "show", "--store", address), cli.ExitOK, "confirmed", "intent")
	if _, err := db.Exec(`DELETE FROM journal_entries WHERE seq = (SELECT max(seq) FROM journal_entries)`); err != nil {
		t.Fatal(err)
	}
	w.wants(w.run("journal", "verify", "--store", address), cli.ExitUsage, "the end was cut off")
}

// linesIn are the lines of the journal in a database.
func linesIn(t *testing.T, db *sql.DB) (lines []string) {
	t.Helper()
	rows, err := db.Query(`SELECT line FROM journal_entries ORDER BY seq`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

// confirmations counts the keys that are confirmed dead.
func confirmations(lines []string) (n int) {
	for _, l := range lines {
		n += strings.Count(l, `"kind":"confirmed"`)
	}
	return n
}
