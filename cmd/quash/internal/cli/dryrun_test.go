package cli_test

import (
	"net"
	"sync/atomic"
	"testing"

	"github.com/quash-sh/quash/revoker/provider"
)

// G1: without --execute nothing that changes anything leaves, whatever the command; and a scan without --verify opens no
// connection at all.
func TestG01DryRunChangesNothing(t *testing.T) {
	w := newWorld(t, "github-pat", "gitlab-pat")
	w.endpoint()
	k := w.key("Warehouse sync - production - Ops")
	leak := w.leak("a.env", k)
	w.write("b.env", "TOKEN="+w.samples["github-pat"].Token+"\nOTHER="+w.samples["gitlab-pat"].Token+"\n")
	targets := []string{leak, w.path("b.env")}
	policy, plan := w.policy("auto"), w.path("plan.json")

	w.wants(w.run(append([]string{"scan", "-o", w.path("run.jsonl")}, targets...)...), 1)
	if sent := w.forget(); len(sent) != 0 {
		t.Errorf("scan asked %v", sent)
	}
	id := ids(t, w.read("run.jsonl"))[0]
	for _, args := range [][]string{
		append([]string{"scan", "--verify"}, targets...),
		append([]string{"respond", "--plan", plan}, targets...),
		append([]string{"respond", "--plan", plan, "--policy", policy}, targets...),
		{"respond", "--from", w.path("run.jsonl"), "--policy", policy, "--plan", plan},
		{"review", id},
	} {
		w.wants(w.run(args...), 4)
	}
	for _, rule := range []string{"agiled-api-key", "github-pat", "gitlab-pat"} {
		key := k.Token
		if s, ok := w.samples[rule]; ok {
			key = s.Token
		}
		w.wants(w.pipe(key, "verify", "--rule", rule), 4)
		w.wants(w.pipe(key, "revoke", "--rule", rule, "--policy", policy), 4)
		w.wants(w.pipe(key, "keys", "add", "--rule", rule, "--name", "a - b - c"), 0)
	}
	if len(w.requests) == 0 {
		t.Fatal("no command asked an issuer: the test tests nothing")
	}
	before := len(w.requests)
	for _, c := range []struct {
		code int
		args []string
	}{
		{0, []string{"show", id}},
		{0, []string{"approve", "--by", "ben", plan}},
		{1, []string{"keys", "audit"}},
		{0, []string{"keys", "list"}},
		{0, []string{"journal", "show"}},
		{0, []string{"journal", "verify"}},
		{0, []string{"report", "--from", w.path("run.jsonl")}},
		{0, []string{"rules", "list"}},
		{0, []string{"allow", id, "--reason", "test", "--file", w.path(".quashignore")}},
	} {
		w.wants(w.run(c.args...), c.code)
	}
	if len(w.requests) != before {
		t.Errorf("commands that ask nobody asked %v", w.requests[before:])
	}
	for _, sent := range w.requests {
		if sent.mutating() {
			t.Errorf("a dry run sent %v", sent)
		}
	}
}

// G1: a scan is offline even where an issuer is configured that would answer.
func TestG01ScanOpensNoConnection(t *testing.T) {
	w := newWorld(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var connects atomic.Int32
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			connects.Add(1)
			_ = c.Close()
		}
	}()
	defer listener.Close()
	base := "http://" + listener.Addr().String()
	w.write("config.yaml", "agiled: {base_url: '"+base+"'}\nproviders: {gitlab: {base_url: '"+base+"'}}\nnetwork: {allow: [127.0.0.0/8]}\nkill: {endpoint: '"+base+"/go'}\n")
	leak := w.leak("a.env", w.key("Warehouse sync - production - Ops"))
	for name, sim := range map[string]*provider.Simulation{"no simulation": nil, "a simulation": {Hosts: map[string]string{agiledHost + ":443": listener.Addr().String()}}} {
		w.sim = sim
		for _, format := range []string{"text", "json", "jsonl", "sarif", "html"} {
			w.wants(w.run("scan", "-f", format, leak), 1)
		}
		if n := connects.Load(); n != 0 {
			t.Errorf("%s: a scan opened %d connections", name, n)
		}
	}
	// The same configuration is reached as soon as somebody asks: the listener would have noticed.
	w.sim = nil
	w.wants(w.run("scan", "--verify", leak), 2, "kill switch")
	if connects.Load() == 0 {
		t.Error("the listener notices nothing: the test tests nothing")
	}
}
