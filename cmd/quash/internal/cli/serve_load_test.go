package cli_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/cli"
	"github.com/quash-sh/quash/cmd/quash/internal/service"
	"github.com/quash-sh/quash/revoker/provider"
	"github.com/quash-sh/quash/store/pgtest"
)

// The sizes of the load tests. QUASH_LOAD=full go test ./cmd/quash/internal/cli -run 'TestServeBurst|TestServeKilled' -timeout 30m
// runs them at full size: 1,000 deliveries, and 50 rounds of kill -9.
func size(t *testing.T, short, normal, full int) int {
	t.Helper()
	switch {
	case os.Getenv("QUASH_LOAD") == "full":
		return full
	case testing.Short():
		return short
	}
	return normal
}

// request is a delivery, and how it has to be answered.
type sent struct {
	id, kind, signature string
	body                []byte
	code                int
}

// request is the delivery as a request to the service at a URL.
func (d sent) request(url string) (*http.Request, error) {
	req, err := http.NewRequest(http.MethodPost, url+"/webhooks/github", bytes.NewReader(d.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", d.kind)
	req.Header.Set("X-GitHub-Event", "push")
	req.Header.Set("X-GitHub-Delivery", d.id)
	req.Header.Set("X-Hub-Signature-256", d.signature)
	return req, nil
}

func (s *server) send(d sent) (int, time.Duration) {
	req, err := d.request(s.url)
	if err != nil {
		s.w.t.Error(err)
		return 0, 0
	}
	started := time.Now()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		if d.code != http.StatusRequestEntityTooLarge { // the server may hang up before all is sent
			s.w.t.Error(err)
		}
		return http.StatusRequestEntityTooLarge, 0
	}
	_ = res.Body.Close() // nothing in it is wanted
	return res.StatusCode, time.Since(started)
}

// burst is many pushes to a repository, each delivered once or more, among requests that are to be refused.
func (w *world) burst(pushes int) (all []sent) {
	w.t.Helper()
	const json = "application/json"
	before := w.head("acme/shop")
	good := func(id string, body []byte) sent {
		return sent{id, json, service.Sign([]byte(webhookSecret), body), body, http.StatusAccepted}
	}
	for i := range pushes {
		w.write(fmt.Sprintf("work/acme/shop/f%d", i), fmt.Sprintf("file %d\n", i))
		after := w.commit("acme/shop", fmt.Sprintf("change %d", i))
		body := payload("acme/shop", "refs/heads/main", before, after)
		first := good(fmt.Sprintf("d-%d", i), body)
		all = append(all, first, first, good(fmt.Sprintf("again-%d", i), body))
		switch bad := first; i % 5 {
		case 0:
			bad.id, bad.signature, bad.code = fmt.Sprintf("forged-%d", i), service.Sign([]byte("another secret"), body), http.StatusUnauthorized
			all = append(all, bad)
		case 1:
			bad.id, bad.kind, bad.code = fmt.Sprintf("text-%d", i), "text/plain", http.StatusUnsupportedMediaType
			all = append(all, bad)
		case 2:
			bad.id, bad.code = "", http.StatusBadRequest
			all = append(all, bad)
		}
		before = after
	}
	large := make([]byte, service.MaxBody+1)
	all = append(all, sent{"large", json, service.Sign([]byte(webhookSecret), large), large, http.StatusRequestEntityTooLarge})
	w.git("work/acme/shop", "push", "-q", "origin", "main")
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// deliverAll sends deliveries, some at a time, and checks the answers.
func (s *server) deliverAll(all []sent) {
	s.w.t.Helper()
	todo := make(chan sent)
	var mu sync.Mutex
	var took []time.Duration
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for d := range todo {
				code, t := s.send(d)
				if code != d.code {
					s.w.t.Errorf("delivery %q is answered %d, want %d", d.id, code, d.code)
				}
				mu.Lock()
				took = append(took, t)
				mu.Unlock()
			}
		})
	}
	for _, d := range all {
		todo <- d
	}
	close(todo)
	wg.Wait()
	slices.Sort(took)
	s.w.t.Logf("%d deliveries: answered in %s (median), %s (p99), %s (longest)", len(took), took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
	// The figure to read is the log's: it is to be below a second. What fails here is what GitHub gives up on.
	if longest := took[len(took)-1]; longest > githubWaits {
		s.w.t.Errorf("a delivery took %s to answer; GitHub waits %s", longest, githubWaits)
	}
}

// githubWaits is how long GitHub waits for the answer to a delivery (docs: best practices for using webhooks).
const githubWaits = 10 * time.Second

// job is a row of the queue.
type job struct {
	state   string
	attempt int
	args    string
}

// jobsOf reads the jobs of a kind.
func jobsOf(t *testing.T, db *sql.DB, kind string) (all []job) {
	t.Helper()
	rows, err := db.Query(`SELECT CAST(state AS TEXT), attempt, CAST(args AS TEXT) FROM river_job WHERE kind = $1`, kind)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var j job
		if err := rows.Scan(&j.state, &j.attempt, &j.args); err != nil {
			t.Fatal(err)
		}
		all = append(all, j)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// everyPushOnce waits until the scans of n pushes are done, and checks that each was done once.
func everyPushOnce(t *testing.T, s *server, db *sql.DB, n int) {
	t.Helper()
	done := func() (done int) {
		for _, j := range jobsOf(t, db, "scan_push") {
			if j.state == "completed" {
				done++
			}
		}
		return done
	}
	s.wait(fmt.Sprintf("%d scans", n), 2*time.Minute, func() bool { return done() >= n })
	for _, j := range jobsOf(t, db, "scan_push") {
		if j.state != "completed" || j.attempt != 1 {
			t.Errorf("a scan is %s after %d tries: %s", j.state, j.attempt, j.args)
		}
	}
	if got := done(); got != n {
		t.Errorf("%d scans, want %d", got, n)
	}
}

func TestServeBurstSQLite(t *testing.T) {
	w := newWorld(t)
	w.repository("acme/shop")
	n := size(t, 10, 20, 280)
	all := w.burst(n)
	s := w.startServer()
	s.deliverAll(all)
	db, err := sql.Open("sqlite", "file:"+w.path("state/quash.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // it was read only
	everyPushOnce(t, s, db, n)
}

func TestServeBurstPostgres(t *testing.T) {
	address := pgtest.Start(t).Database(t)
	w := newWorld(t)
	w.repository("acme/shop")
	n := size(t, 10, 20, 280)
	all := w.burst(n)
	s, _ := w.startChild("state/receiver", "--store", address, "--role", "receiver")
	for n := range 2 {
		w.startChild(fmt.Sprint("state/worker", n), "--store", address, "--role", "worker")
	}
	s.deliverAll(all)
	db, err := sql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }() // it was read only
	everyPushOnce(t, s, db, n)
}

// childEnv names the variable in which a child process finds what it needs.
const childEnv = "QUASH_SERVE_CHILD"

// child is what a child process needs.
type child struct {
	Args []string
	Env  map[string]string
	// Issuers is the address of the simulated issuers, Hosts are those that they answer for.
	Issuers string
	Hosts   []string
}

// TestServeChild is no test: it is quash serve in a process of its own, which TestServeKilled kills.
func TestServeChild(t *testing.T) {
	var c child
	if json.Unmarshal([]byte(os.Getenv(childEnv)), &c) != nil {
		t.Skip("only as a child of TestServeKilled")
	}
	conn, err := tls.Dial("tcp", c.Issuers, &tls.Config{InsecureSkipVerify: true, ServerName: c.Hosts[0]}) // to learn the simulator's certificate
	if err != nil {
		t.Fatal(err)
	}
	sim := &provider.Simulation{Hosts: map[string]string{}, Roots: x509.NewCertPool()}
	for _, cert := range conn.ConnectionState().PeerCertificates {
		sim.Roots.AddCert(cert)
	}
	_ = conn.Close() // nothing was said
	for _, h := range c.Hosts {
		sim.Hosts[h+":443"] = c.Issuers
	}
	e := cli.System()
	e.Args, e.Simulation = c.Args, sim
	e.LookupEnv = func(name string) (string, bool) {
		if v, ok := c.Env[name]; ok {
			return v, true
		}
		return os.LookupEnv(name)
	}
	os.Exit(cli.Main(e))
}

// startChild runs quash serve as a process of its own, with a state directory of the world.
func (w *world) startChild(state string, args ...string) (*server, *os.Process) {
	w.t.Helper()
	w.env["QUASH_WEBHOOK_SECRET"] = webhookSecret
	e := w.world(append([]string{"serve", "--listen", "127.0.0.1:0", "--log-level", "info", "--forge", "file://" + w.path("origin")}, args...))
	e.Args[slices.Index(e.Args, "--state")+1] = w.path(state)
	c := child{Args: e.Args, Env: w.env, Issuers: w.sim.Hosts[agiledHost+":443"], Hosts: []string{agiledHost, operatorHost}}
	data, err := json.Marshal(c)
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestServeChild$")
	cmd.Env = append(os.Environ(), childEnv+"="+string(data))
	s := &server{w: w, log: &lockedBuffer{}}
	cmd.Stdout, cmd.Stderr = s.log, s.log
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() { _ = cmd.Wait(); close(gone) }() // the exit code tells
	s.gone, s.code = gone, func() int { <-gone; return cmd.ProcessState.ExitCode() }
	s.stop = sync.OnceValue(func() int { _ = cmd.Process.Kill(); return s.code() })
	w.t.Cleanup(func() { s.stop() })
	s.wait("listening", patience, func() bool {
		if _, rest, ok := strings.Cut(s.log.String(), `"listen":"`); ok {
			addr, _, _ := strings.Cut(rest, `"`)
			s.url = "http://" + addr
		}
		return s.url != ""
	})
	return s, cmd.Process
}
