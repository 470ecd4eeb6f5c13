package cli_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/cli"
	"github.com/quash-sh/quash/cmd/quash/internal/service"
	"github.com/quash-sh/quash/store/pgtest"
)

// certificate writes a certificate of loopback with a number, and its key, and returns the certificate.
func (w *world) certificate(number int64) *x509.Certificate {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(number), Subject: pkix.Name{CommonName: "quash"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		w.t.Fatal(err)
	}
	w.write("tls.crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	w.write("tls.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	if c, err = x509.ParseCertificate(der); err != nil {
		w.t.Fatal(err)
	}
	return c
}

// TestServeTLS: with a certificate there is nothing but TLS; a new one is taken without a restart, and one that is no pair is not.
func TestServeTLS(t *testing.T) {
	w := newWorld(t)
	roots := x509.NewCertPool()
	roots.AddCert(w.certificate(1))
	s := w.startServer("--tls-cert", w.path("tls.crt"), "--tls-key", w.path("tls.key"))
	address := strings.TrimPrefix(s.url, "http://")
	shown := func() int64 {
		conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }() // nothing was said
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	res, err := client.Get("https://" + address + "/healthz")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", res, err)
	}
	_ = res.Body.Close() // nothing in it is wanted
	if res, err := http.Get("http://" + address + "/healthz"); err == nil {
		_ = res.Body.Close() // nothing in it is wanted
		if res.StatusCode == http.StatusOK {
			t.Error("served without TLS")
		}
	}
	if _, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
	roots.AddCert(w.certificate(2))
	if n := shown(); n != 2 {
		t.Errorf("certificate %d, want the new one", n)
	}
	w.write("tls.key", "half a k")
	w.write("tls.crt", w.read("tls.crt")+"\n")
	if n := shown(); n != 2 {
		t.Errorf("certificate %d, want the one that was whole", n)
	}
	if code := s.stop(); code != cli.ExitOK {
		t.Errorf("exit %d\n%s", code, s.log)
	}
	w.wants(w.run("serve", "--listen", "127.0.0.1:0", "--tls-cert", w.path("tls.crt"), "--tls-key", w.path("tls.key")), cli.ExitUsage, "--tls-cert")
	w.wants(w.run("serve", "--listen", "127.0.0.1:0", "--tls-cert", w.path("tls.crt")), cli.ExitUsage, "belong together")
}

// TestServeTwoSecrets: while one secret is replaced by another both sign, and the old one no longer once it is taken out.
func TestServeTwoSecrets(t *testing.T) {
	w := newWorld(t)
	body := []byte("{}")
	code := func(s *server, secret string) int {
		d := sent{"ping-1", "application/json", service.Sign([]byte(secret), body), body, 0}
		req, err := d.request(s.url)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-GitHub-Event", "ping")
		got, _ := s.answer(req)
		return got
	}
	const old = "the secret before it"
	w.write("new", webhookSecret+"\n")
	w.write("old", old+"\n")
	for config, want := range map[string]int{"  old_secret_file: old\n": http.StatusAccepted, "": http.StatusUnauthorized} {
		w.write("config.yaml", "webhook:\n  secret_file: new\n"+config)
		s := w.startServer()
		if a, b, c := code(s, webhookSecret), code(s, old), code(s, "neither"); a != http.StatusAccepted || b != want || c != http.StatusUnauthorized {
			t.Errorf("with %q: new %d, old %d, another %d; want 202, %d, 401", config, a, b, c, want)
		}
		s.stop()
		if strings.Contains(s.log.String(), old) {
			t.Error("the old secret is in the log")
		}
	}
}

// holdVerify keeps the issuer from answering until it is let go. asked is told of each request that waits.
func (w *world) holdVerify() (asked chan struct{}, letGo func()) {
	asked, free := make(chan struct{}, 100), make(chan struct{})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = func(_ http.ResponseWriter, r *http.Request) bool {
		asked <- struct{}{}
		select {
		case <-free:
		case <-r.Context().Done():
		}
		return false
	}
	return asked, func() { close(free) }
}

// TestServeDrains: at SIGTERM a job that runs comes to its end, none is begun, no delivery is taken, and what waits is done by
// the next process.
func TestServeDrains(t *testing.T) {
	w := newWorld(t)
	w.endpoint()
	w.realTime()
	w.repository("acme/shop")
	before := w.head("acme/shop")
	for i := range 3 {
		w.leak(fmt.Sprintf("work/acme/shop/config/agiled%d.env", i), w.key("Warehouse sync "+fmt.Sprint(i)+" - production - Ops"))
	}
	after := w.commit("acme/shop", "settings")
	w.git("work/acme/shop", "push", "-q", "origin", "main")
	asked, letGo := w.holdVerify()
	args := []string{"--execute", "--policy", w.policy("auto"), "--answers", "1", "--drain", "15s", "--wait", "20s", "--timeout", "30s"}
	s, process := w.startChild("state", args...)
	s.deliver("drain-1", "push", payload("acme/shop", "refs/heads/main", before, after))
	<-asked
	if err := process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.wait("draining", patience, func() bool { return strings.Contains(s.log.String(), "draining: no new job") })
	if res, err := http.Get(s.url + "/healthz"); err == nil {
		_ = res.Body.Close() // nothing in it is wanted
		t.Error("requests are taken while it drains")
	}
	select {
	case <-s.gone:
		t.Fatalf("it did not wait for the job that runs\n%s", s.log)
	case <-time.After(300 * time.Millisecond):
		letGo()
	}
	select {
	case <-s.gone:
	case <-time.After(20 * time.Second):
		t.Fatalf("it does not end\n%s", s.log)
	}
	if code := s.code(); code != cli.ExitOK {
		t.Errorf("exit %d\n%s", code, s.log)
	}
	if n := count(w.journal(""), "confirmed"); n != 1 {
		t.Errorf("%d keys were answered to the end, want the one that had begun: %v", n, w.journal(""))
	}
	s, _ = w.startChild("state", args...)
	s.wait("all confirmed", patience, func() bool { return count(w.journal(""), "confirmed") == 3 })
	s.stop()
	for kind, want := range map[string]int{"intent": 3, "confirmed": 3, "failed": 0} {
		if n := count(w.journal(""), kind); n != want {
			t.Errorf("%d entries %q, want %d", n, kind, want)
		}
	}
}

// TestServeCarriesOutAnApprovedPlan: with a policy of approval a plan waits; its own asker cannot approve it; once another does, the
// worker acts, within moments.
func TestServeCarriesOutAnApprovedPlan(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { testApproved(t, "") })
	postgres := pgtest.Start(t)
	t.Run("PostgreSQL", func(t *testing.T) { testApproved(t, postgres.Database(t)) })
	t.Run("PostgreSQL, in a dry run", func(t *testing.T) { testSharedPlan(t, postgres.Database(t)) })
}

func testApproved(t *testing.T, address string) {
	w := newWorld(t)
	w.endpoint()
	w.realTime()
	w.repository("acme/shop")
	var shared []string
	if address != "" {
		shared = []string{"--store", address}
	}
	k := w.key("Warehouse sync - production - Ops")
	s := w.startServer(append([]string{"--execute", "--policy", w.policy("approve"), "--by", "bob", "--beat", "100ms"}, shared...)...)
	s.pushKey(k)
	s.wait("a plan", patience, func() bool { return strings.Contains(s.log.String(), "plan waits") })
	if !w.agiled.Revoked(k.Token).IsZero() {
		t.Fatal("revoked without an approval")
	}
	files, _ := filepath.Glob(w.path("state/plans/*.json"))
	plan := ""
	if address == "" && len(files) == 1 {
		plan = files[0]
	} else if address != "" && len(files) == 0 {
		_, rest, _ := strings.Cut(s.log.String(), `"id":"q-`)
		id, _, _ := strings.Cut(rest, `"`)
		plan = "q-" + id
	}
	w.wants(w.run(append([]string{"approve", plan, "--by", "bob"}, shared...)...), cli.ExitUsage, "bob")
	if address != "" {
		w.wants(w.run("approve", "q-none", "--by", "ann", "--store", address), cli.ExitUsage, "not in the store", "name a plan's file")
	}
	w.wants(w.run(append([]string{"approve", plan, "--by", "ann"}, shared...)...), cli.ExitOK, "Approved by ann")
	s.wait("revoked", patience, func() bool { return !w.agiled.Revoked(k.Token).IsZero() })
	show := func() string { return w.run(append([]string{"journal", "show"}, shared...)...).out }
	s.wait("confirmed", patience, func() bool { return strings.Contains(show(), "confirmed") })
	s.stop()
	if n := strings.Count(show(), " intent "); n != 1 {
		t.Errorf("%d intents\n%s", n, show())
	}
	w.wants(w.run(append([]string{"journal", "verify"}, shared...)...), cli.ExitOK, "chain verified")
	s.holdsNo(k.Token)
}

// TestServeJournalOfAFile: beside a database in a file the journal is a file, and --store of one says where to look.
func TestServeJournalOfAFile(t *testing.T) {
	w := newWorld(t)
	w.wants(w.run("journal", "verify", "--store", w.path("state/quash.db")), cli.ExitUsage, "--store: beside a database in a file", "--state")
	if _, err := os.Stat(w.path("state/quash.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file was made: %v", err)
	}
}

// testSharedPlan: without --execute a worker whose store is shared plans there, and changes nothing.
func testSharedPlan(t *testing.T, address string) {
	w := newWorld(t)
	w.endpoint()
	w.repository("acme/shop")
	k := w.key("Warehouse sync - production - Ops")
	s := w.startServer("--store", address)
	w.forget()
	s.pushKey(k)
	s.wait("a plan", patience, func() bool { return strings.Contains(s.log.String(), "plan waits") })
	s.stop()
	if slices.ContainsFunc(w.forget(), request.mutating) {
		t.Error("something was changed in a dry run")
	}
	w.wants(w.run("journal", "show", "--store", address), cli.ExitOK, "planned")
}
