package provider

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/rules"
	"github.com/quash-sh/quash/scanner"
)

// holdsAny says in which form a text holds the secret.
func holdsAny(text, secret string) string {
	quoted, _ := json.Marshal(secret)
	for form, value := range map[string]string{
		"raw": secret, "query": url.QueryEscape(secret), "path": url.PathEscape(secret), "hex": hex.EncodeToString([]byte(secret)),
		"base64": base64.StdEncoding.EncodeToString([]byte(secret)), "JSON": strings.Trim(string(quoted), `"`),
	} {
		if strings.Contains(text, value) {
			return form
		}
	}
	return ""
}

// rude is a server below HTTP: what it writes is no reply, and holds what it was sent.
func rude(t *testing.T, answer func(request string) string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			line, _ := bufio.NewReader(c).ReadString('\n')
			_, _ = c.Write([]byte(answer(line)))
			_ = c.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

// TestErrorsHoldNoKey: whatever goes wrong, no error and no exchange holds the key, the path, the query or the reply.
func TestErrorsHoldNoKey(t *testing.T) {
	key := "canary+" + strings.Repeat("k7", 12) + "/=&"
	echo := func(format string) string {
		return rude(t, func(line string) string { return fmt.Sprintf(format, line, key) })
	}
	closed := rude(t, func(string) string { return "" })
	certificate, plain := listener(t)
	_ = plain
	for name, origin := range map[string]string{
		"no HTTP":             echo("%s %s\r\n\r\n"),
		"a bad status":        echo("HTTP/1.1 %s %s\r\n\r\n"),
		"a bad header":        echo("HTTP/1.1 200 OK\r\n%s %s\r\n\r\n"),
		"a bad length":        echo("HTTP/1.1 200 OK\r\nContent-Length: %s%s\r\n\r\n"),
		"a bad encoding":      echo("HTTP/1.1 200 OK\r\nTransfer-Encoding: %[2]s\r\n\r\n"),
		"a bad chunk":         echo("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%[2]s\r\n"),
		"cut off":             echo("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n%s%s"),
		"a header too long":   echo("HTTP/1.1 200 OK\r\nX: %s%s" + strings.Repeat("x", 70<<10) + "\r\n\r\n"),
		"nothing":             closed,
		"no TLS":              strings.Replace(echo("%s %s\r\n"), "http://", "https://", 1),
		"no listener":         "http://127.0.0.1:1",
		"a refused address":   "https://10.0.0.1",
		"a closed connection": "https://127.0.0.1:" + certificate,
	} {
		c := newClient(Options{Clock: newTestClock(), Timeout: 5 * time.Second, AllowAddrs: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
		for _, method := range []string{"GET", "DELETE"} {
			got, err := c.do(context.Background(), call{
				method: method, url: origin + "/hidden-path/" + url.PathEscape(key) + "?hidden-query=" + url.QueryEscape(key), shown: origin + "/hidden-path/{{token}}",
				header: http.Header{"Authorization": {"Bearer " + key}}, body: []byte(key), origins: []string{origin},
			})
			silent(t, name+" "+method, key, got.exchange, err)
			if err == nil || strings.Contains(err.Error(), "hidden") {
				t.Errorf("%s: error %v, want one without path and query", name, err)
			}
			if host, _ := url.Parse(origin); err != nil && (!strings.Contains(err.Error(), method) || !strings.Contains(err.Error(), host.Host)) {
				t.Errorf("%s: %v does not name method and host", name, err)
			}
		}
	}
	refused := []string{"https://" + key + "@issuer.example/", "https://issuer.example/" + key, "::" + key, "https://" + key, key, "%zz" + key, "https://issuer.example:" + key}
	c := newClient(Options{Clock: newTestClock()})
	for _, target := range refused {
		got, err := c.do(context.Background(), call{method: "GET", url: target, origins: []string{"https://other.example"}})
		silent(t, "refused URL", key, got.exchange, err)
	}
}

// silent fails when any way of printing the values shows the key.
func silent(t *testing.T, what, key string, exchange revoker.Exchange, err error) {
	t.Helper()
	recorded, jsonErr := json.Marshal(exchange)
	if err == nil || jsonErr != nil {
		t.Errorf("%s: %v, %v; want an error", what, err, jsonErr)
	}
	for unwrapped := err; unwrapped != nil; unwrapped = errors.Unwrap(unwrapped) {
		text := fmt.Sprintf("%s %v %+v %#v %q", recorded, unwrapped, unwrapped, unwrapped, unwrapped)
		if form := holdsAny(text, key); form != "" {
			t.Errorf("%s: holds the key (%s)", what, form)
		}
	}
}

// TestFactsHoldNoKey: an issuer that tells the key back does not bring it into the record.
func TestFactsHoldNoKey(t *testing.T) {
	set, rule := acmeRule(t)
	f := sampleFinding(rule, 1)
	key := f.Token().Reveal()
	for name, id := range map[string]string{"the key": key, "around it": "x" + key + "y", "the secret part": f.Parts["id"].Reveal(), "spaced": " " + key + "\n"} {
		r := handled(t, set, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer "+key {
				w.WriteHeader(401)
				return
			}
			w.Header().Set("X-Echo", key)
			_ = json.NewEncoder(w).Encode(map[string]string{"id": id, "owner": "ann"})
		}), nil)
		p := r.Provider(rule.ID)
		v, err := p.Verifier.Verify(context.Background(), f)
		text, _ := json.Marshal(v)
		if err != nil || v.Validity != revoker.Active || v.Facts["owner"] != "ann" || v.Facts["key_id"] != "" || holdsAny(string(text), key) != "" {
			t.Errorf("%s: %s, %v, %d facts, holds the key: %q", name, v.Validity, err, len(v.Facts), holdsAny(string(text), key))
		}
		receipt, err := p.Revoker.Revoke(context.Background(), f, v)
		if text = fmt.Appendf(nil, "%+v %+v", receipt, err); err == nil || holdsAny(string(text), key) != "" {
			t.Errorf("%s: a revoke with an id that holds the key: %v", name, err == nil)
		}
	}
}

// TestSecretCaptures: a capture that is itself secret is used and never told.
func TestSecretCaptures(t *testing.T) {
	set, rule := acmeRule(t)
	f := sampleFinding(rule, 1)
	session := "session-" + strings.Repeat("s3", 10)
	changed := *rule
	changed.Verify = rules.Flow{rule.Verify[0]}
	changed.Verify[0].Capture = map[string]string{"session": ".session", "owner": ".owner"}
	changed.Verify[0].Secret = []string{"session"}
	changed.Revoke = rules.Flow{rule.Revoke[0]}
	changed.Revoke[0].Delete, changed.Revoke[0].Bind = "{{base}}/v1/sessions/{{session}}", rules.BindEchoed
	var deleted string
	r := handled(t, set, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer "+f.Token().Reveal():
			w.WriteHeader(401)
		case r.Method == http.MethodDelete:
			deleted = r.URL.Path
			w.WriteHeader(204)
		default:
			_ = json.NewEncoder(w).Encode(map[string]string{"id": "k2", "owner": "ann", "session": session})
		}
	}), nil)
	flow := r.flows(rule).Verifier.(*flow)
	flow.rule = &changed
	v := verified(t, revoker.Provider{Verifier: flow}, f)
	receipt, err := (&flowRevoker{flow}).Revoke(context.Background(), f, v)
	if err != nil || deleted != "/v1/sessions/"+session {
		t.Fatalf("%v; the session was not used", err)
	}
	if text := fmt.Sprintf("%+v %+v %s", v, receipt, receipt.Exchange.URL); holdsAny(text, session) != "" {
		t.Error("the session is told")
	}
	if want := "https://api.acme.example/v1/sessions/{{session}}"; receipt.Exchange.URL != want {
		t.Errorf("recorded as %s, want %s", receipt.Exchange.URL, want)
	}
}

// FuzzExchangeHoldsNoKey renders requests with any key and any captured value: the recorded URL holds no part of the key,
// the URL that is sent stays on its host and path, and no error holds a value.
func FuzzExchangeHoldsNoKey(f *testing.F) {
	_, rule := acmeRule(f)
	for _, seed := range [][3]string{
		{"acme_abcdefgh_0123456789", "abcdefgh", "k1"}, {"a/../b?c#d%2e&e=f", "..", "."}, {"\r\nHost: evil", "\x00\xff\xfe", "{{token}}"},
		{"@evil.example/", "https://evil.example", "//"}, {`","x":"`, `\u0000`, "é…"}, {"a:b:c:d:e", "%", "+ +"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	const base = "https://api.acme.example"
	steps := []rules.Step{
		{Get: "{{base}}/v1/{{token}}/{{id}}/{{key_id}}?a={{token}}&b={{id}}&c={{key_id}}"},
		{Post: base + "/v1/x", JSON: `{"a":["{{token}}"],"b":"{{id}}","c":"{{key_id}}"}`},
		{Put: base + "/v1/{{key_id}}", Form: map[string]string{"a": "{{token}}", "b": "{{id}}"}},
		{Patch: base + "/v1/x", Header: map[string]string{"X-A": "{{token}}", "X-B": "{{id}} {{key_id}}"}},
		{Delete: base + "/v1/x", Basic: "{{id}}:{{token}}", Body: "{{token}}{{key_id}}"},
	}
	f.Fuzz(func(t *testing.T, token, id, told string) {
		finding := scanner.Finding{ID: "q-1", Parts: map[string]scanner.Secret{"token": scanner.NewSecret(token), "id": scanner.NewSecret(id)}}
		sc := newScope(finding)
		capturing := rules.Step{Capture: map[string]string{"key_id": ".id"}}
		body, err := json.Marshal(map[string]string{"id": told})
		if err != nil {
			t.Skip()
		}
		sc.take(&capturing, reply{Reply: rules.Reply{Status: 200, Body: string(body)}})
		fl := &flow{rule: rule, base: base, origins: []string{base}}
		for i := range steps {
			q, _, err := fl.render(&steps[i], sc)
			if err != nil {
				checkSilentRefusal(t, err)
				continue
			}
			checkRendered(t, &steps[i], q, token, id)
		}
	})
}

// checkSilentRefusal wants one of the fixed sentences, which hold no value.
func checkSilentRefusal(t *testing.T, err error) {
	t.Helper()
	var cannot *cannotSend
	if !errors.As(err, &cannot) {
		t.Fatalf("an error of another type: %T", err)
	}
	for _, sentence := range []string{
		"was not found beside it", "did not tell", "control characters", "change the path", "not UTF-8", "with a colon",
	} {
		if strings.Contains(cannot.why, sentence) {
			return
		}
	}
	t.Fatalf("a sentence that is not known: %d bytes", len(cannot.why))
}

func checkRendered(t *testing.T, step *rules.Step, q call, parts ...string) {
	t.Helper()
	for _, part := range parts {
		// A part that is text of the template itself, or of a mask, stands in every recorded URL.
		fixed := strings.Contains("https://api.acme.example/v1/x?a=&b=&c={{token}}{{id}}{{key_id}}/", part)
		if len(part) >= leastPart && !fixed && !strings.ContainsAny(part, "{}") && strings.Contains(q.shown, part) {
			t.Fatalf("the recorded URL holds a part of the key")
		}
	}
	u, err := url.Parse(q.url)
	if err != nil || !allowed(u, q.origins) {
		t.Fatalf("the URL leaves its origin: %v", err)
	}
	_, template := step.Request()
	_, path, _ := strings.Cut(template, "/v1/")
	path, _, _ = strings.Cut(path, "?")
	if got, want := strings.Count(u.EscapedPath(), "/"), strings.Count(path, "/")+2; got != want || u.Fragment != "" {
		t.Fatalf("the path has %d slashes, want %d", got, want)
	}
	if step.JSON != "" && !json.Valid(q.body) {
		t.Fatal("the body is not JSON")
	}
	for _, values := range q.header {
		if strings.ContainsAny(strings.Join(values, ""), "\r\n\x00") {
			t.Fatal("a header has a line break")
		}
	}
}
