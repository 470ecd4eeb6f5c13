package cli_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/cli"
	"github.com/quash-sh/quash/report"
	"github.com/quash-sh/quash/revoker/provider"
)

// canaries are the keys of the test, by a name, and the pieces of them that must be found nowhere.
type canaries struct {
	keys  map[string]string
	grams map[string]string // piece of gram bytes in some encoding -> name and encoding
}

// gram is the length in bytes of the pieces that are looked for: no more than that of a key may be anywhere.
const gram = 12

func newCanaries() *canaries { return &canaries{map[string]string{}, map[string]string{}} }

// add makes a value one that must be found nowhere: not as it is and not in the forms in which libraries pass text on. fixed is
// how much of its beginning is no secret.
func (c *canaries) add(name, value string, fixed int) {
	c.keys[name] = value
	for line := range strings.Lines(value) {
		if strings.Contains(line, "PRIVATE KEY---") { // the frame of a PEM block is no secret
			continue
		}
		line = strings.TrimSpace(line)
		for form, text := range forms(line[min(fixed, len(line)):]) {
			for i := 0; i+gram <= len(text); i++ {
				c.grams[text[i:i+gram]] = name + " as " + form
			}
		}
	}
}

func forms(v string) map[string]string {
	quoted, _ := json.Marshal(v)
	b := []byte(v)
	slices.Reverse(b)
	all := map[string]string{
		"text": v, "JSON": string(quoted[1 : len(quoted)-1]), "Go": strings.Trim(strconv.Quote(v), `"`), "ASCII": strings.Trim(strconv.QuoteToASCII(v), `"`),
		"query": url.QueryEscape(v), "path": url.PathEscape(v), "HTML": html.EscapeString(v), "hex": hex.EncodeToString([]byte(v)),
		"HEX": strings.ToUpper(hex.EncodeToString([]byte(v))), "reversed": string(b), "lower case": strings.ToLower(v), "upper case": strings.ToUpper(v),
	}
	for name, enc := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
		for lead := range 3 {
			text := enc.EncodeToString(append(make([]byte, lead), v...))
			all[fmt.Sprint(name, " +", lead)] = text[(lead*8+5)/6 : len(text)-1]
		}
	}
	return all
}

// in returns which key a text holds, and how.
func (c *canaries) in(data []byte) string {
	for i := 0; i+gram <= len(data); i++ {
		if what, ok := c.grams[string(data[i:i+gram])]; ok {
			return what
		}
	}
	return ""
}

// TestCanarySeesLeaks proves that the test would notice.
func TestCanarySeesLeaks(t *testing.T) {
	c := newCanaries()
	const value = "Zq7\"xK2<m9ä/Vb4+Rt6pLw8sN3yHc5"
	c.add("value", value, 3)
	for form, text := range forms(value) {
		if form == "text" {
			text = value[5:20]
		}
		if c.in([]byte("before "+text+" after")) == "" {
			t.Errorf("%s is not seen", form)
		}
	}
	if what := c.in([]byte(value[:8] + " 31 chars")); what != "" {
		t.Errorf("the prefix alone is %s", what)
	}
}

// birdcage is a world with canaries in its inputs.
type birdcage struct {
	*world
	canaries *canaries
	// targets hold every canary, asked one with an issuer each.
	targets, asked []string
	outputs        int
}

// rulesOfCanaries have an issuer that is simulated; the other canaries have none.
var rulesOfCanaries = []string{"github-pat", "gitlab-pat", "slack-bot-token"}

func newBirdcage(t *testing.T) *birdcage {
	t.Helper()
	b := &birdcage{world: newWorld(t, rulesOfCanaries...), canaries: newCanaries()}
	b.configureAll()
	for _, name := range []string{"Warehouse sync - production - Ops", "Reporting - staging - Data"} {
		b.canaries.add(name, b.key(name).Token, 0)
	}
	for rule, s := range b.samples {
		b.canaries.add(rule, s.Token, len(b.rule(rule).Prefix()))
	}
	rnd := rand.New(rand.NewPCG(3, 5))
	aws, pem := b.rule("aws-access-key").Sample(rnd), b.rule("private-key-pem").Sample(rnd)
	b.canaries.add("aws-access-key", aws.Token, len("AKIA"))
	b.canaries.add("aws secret", aws.Parts["secret"], 0)
	b.canaries.add("private-key-pem", pem.Token, 0)
	b.canaries.add("database-url", "Zä7&ß%Z#!xK"+b.rule("database-url").Sample(rnd).Token, 0)
	b.canaries.add("basic-auth-url", b.rule("basic-auth-url").Sample(rnd).Token+"~ü=9", 0)
	b.plant(aws.Parts["secret"])
	b.canaries.add("review key", b.env["REVIEW_KEY"], 0)
	b.canaries.add("operator", b.env["OPERATOR"], 0)
	return b
}

// configureAll configures every issuer, with time-outs that are soon over.
func (b *birdcage) configureAll() {
	b.env["GH_OPERATOR"] = "operator-" + strconv.FormatUint(rand.New(rand.NewPCG(9, 9)).Uint64(), 36) + "credential"
	b.canaries.add("github operator", b.env["GH_OPERATOR"], 9)
	b.configure("endpoint\n    endpoint:\n      url: https://"+operatorHost+"/revoke\n      body: '{\"token\": \"{{token}}\"}'\n      credential: {env: OPERATOR}\n",
		"providers: {github: {credential: {env: GH_OPERATOR}, organization: acme}}\nnetwork: {timeout: 60ms}\n")
}

// plant writes every canary into files, a repository's history, a Jira export and a JSONL export, and into names too.
func (b *birdcage) plant(awsSecret string) {
	k := b.canaries.keys
	env := "AGILED_API_TOKEN=" + k["Warehouse sync - production - Ops"] + "\nGITHUB_TOKEN=" + k["github-pat"] + "\nGITLAB=" + k["gitlab-pat"] +
		"\nSLACK=" + k["slack-bot-token"] + "\naws_access_key_id = " + k["aws-access-key"] + "\naws_secret_access_key = " + awsSecret +
		"\nDATABASE_URL=postgres://svc:" + k["database-url"] + "@db.acme.example/shop\nREMOTE=https://deploy:" + k["basic-auth-url"] + "@git.acme.example/x.git\n"
	b.write("in/repo/all.env", env+"EXAMPLE="+k["github-pat"]+" # quash:allow example\n")
	b.write("in/repo/key.pem", k["private-key-pem"]+"\n")
	b.write("in/repo/"+k["github-pat"]+".txt", "token "+k["github-pat"]+"\n")
	b.write("in/repo/b64.txt", base64.StdEncoding.EncodeToString([]byte("x token "+k["gitlab-pat"]))+"\n")
	b.git("in/repo", "init", "-q")
	b.git("in/repo", "add", ".")
	b.git("in/repo", "-c", "user.name=x", "commit", "-q", "-m", "add "+k["github-pat"], "--author", "Ann "+k["github-pat"]+" <a@b>")
	b.git("in/repo", "branch", "fix/"+k["github-pat"])
	b.git("in/repo", "rm", "-q", "all.env")
	b.git("in/repo", "commit", "-q", "-m", "remove")
	text := html.EscapeString("<p>" + html.EscapeString(env) + "</p>")
	jira := "<!-- RSS generated by JIRA (9.12.0) -->\n<rss version=\"0.92\"><channel><item><title>[OPS-7] x</title><link>https://jira.acme.example/?t=" + k["github-pat"] +
		"</link><key id=\"1\">OPS-7</key><summary>" + k["github-pat"] + "</summary><comments><comment id=\"5501\" author=\"" + k["github-pat"] +
		"\" created=\"Mon, 2 Nov 2026 08:00:00 +0000\">" + text + "</comment></comments></item></channel></rss>\n"
	b.write("in/OPS.xml", jira)
	b.write("in/cut.xml", jira[:len(jira)-60])
	line, _ := json.Marshal(map[string]string{"id": "T-1", "author": "Ben " + k["github-pat"], "url": "https://t.example/?k=" + k["gitlab-pat"], "text": env})
	b.write("in/t.jsonl", string(line)+"\n")
	b.write("in/plain.env", env)
	b.write("in/asked/a.env", env[:strings.Index(env, "\naws_")]+"\n")
	b.git("in/asked", "init", "-q")
	b.git("in/asked", "add", ".")
	b.git("in/asked", "commit", "-q", "-m", "add")
	b.asked = []string{b.path("in/asked")}
	b.targets = []string{b.path("in/repo"), b.path("in/OPS.xml"), b.path("in/t.jsonl"), b.path("in/plain.env")}
}

// try runs a command and searches what it says.
func (b *birdcage) try(stdin string, args ...string) result {
	b.t.Helper()
	r := b.pipe(stdin, append(args, "--log-level", "trace")...)
	b.outputs += len(r.out) + len(r.err)
	for name, text := range map[string]string{"stdout": r.out, "stderr": r.err} {
		if what := b.canaries.in([]byte(text)); what != "" {
			b.t.Errorf("quash %s: %s holds %s", strings.Join(args[:min(len(args), 3)], " "), name, what)
		}
	}
	return r
}

// search looks into every file of the world but the inputs.
func (b *birdcage) search() {
	b.t.Helper()
	files := 0
	err := filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path == b.path("in"):
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		files++
		data, err := os.ReadFile(path)
		if what := b.canaries.in(append([]byte(path+"\n"), data...)); what != "" {
			b.t.Errorf("%s holds %s", path, what)
		}
		return err
	})
	if err != nil || files < 10 {
		b.t.Errorf("%d files searched: %v", files, err)
	}
}

// outFiles are all formats as files.
func (b *birdcage) outFiles() []string {
	var args []string
	for _, name := range []string{"o.txt", "o.json", "o.jsonl", "o.sarif", "o.html", "o.gitlab.json", "o.annotations", "o.junit.xml", "o.csv", "o.md"} {
		args = append(args, "-o", b.path(name))
	}
	return args
}

// echo is every part of a request that may hold the key, in many places of a reply.
func echo(rw http.ResponseWriter, r *http.Request, status int, contentType string) {
	body, _ := io.ReadAll(r.Body)
	auth := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	token := r.Header.Get("Private-Token")
	said := auth + token + r.URL.RawQuery
	if said == "" {
		said = string(body)
	}
	h := rw.Header()
	for _, name := range []string{"Location", "Retry-After", "Www-Authenticate", "X-Request-Id", "Server", "Date", "X-Oauth-Scopes"} {
		h.Set(name, strings.ReplaceAll(said, "\n", " "))
	}
	h.Set("Content-Type", contentType)
	rw.WriteHeader(status)
	text, _ := json.Marshal(said)
	coded, _ := json.Marshal(base64.StdEncoding.EncodeToString([]byte(said)))
	_, _ = fmt.Fprintf(rw, `{"ok": true, "error": %[1]s, "message": %[1]s, "login": %[1]s, "user": {"email": %[1]s, "id": %[2]s}, "id": %[1]s, "name": %[1]s,
		"organization": {"id": %[1]s, "name": %[1]s}, "token_id": %[1]s, "abilities": [%[1]s], "scopes": [%[1]s], "user_id": 7, "team": %[2]s,
		"data": {"organization": {"id": %[1]s, "name": %[1]s}, "token_id": %[2]s, "user": {"email": %[1]s}}, "active": true}<!-- %[3]s -->`, text, coded, said)
}

// failures are what issuers do wrong, by name. A nil function is the issuer as it should be.
func failures(c *canaries) map[string]func(http.ResponseWriter, *http.Request) bool {
	raw := func(text func(*http.Request) string) func(http.ResponseWriter, *http.Request) bool {
		return func(rw http.ResponseWriter, r *http.Request) bool {
			conn, _, err := http.NewResponseController(rw).Hijack()
			if err == nil {
				_, _ = conn.Write([]byte(text(r)))
				_ = conn.Close()
			}
			return true
		}
	}
	reply := func(status int, contentType string) func(http.ResponseWriter, *http.Request) bool {
		return func(rw http.ResponseWriter, r *http.Request) bool { echo(rw, r, status, contentType); return true }
	}
	key := func(r *http.Request) string {
		return r.Header.Get("Authorization") + r.Header.Get("Private-Token") + r.URL.RawQuery
	}
	live := func(r *http.Request) bool {
		return slices.ContainsFunc(slices.Collect(values(c.keys)), func(k string) bool { return strings.HasSuffix(key(r), k) })
	}
	return map[string]func(http.ResponseWriter, *http.Request) bool{
		"as they should": nil, "500": reply(500, "text/plain"), "429": reply(429, "application/json"), "200 HTML": reply(200, "text/html"), "401": reply(401, "application/json"),
		"redirect": reply(302, "text/html"), "200 for every key": reply(200, "application/json"), "malformed status": raw(func(r *http.Request) string { return "HTTP/1.1 " + key(r) + "\r\n\r\n" }),
		"malformed header": raw(func(r *http.Request) string { return "HTTP/1.1 200 OK\r\n" + key(r) + "\r\n\r\n" }),
		"wrong length":     raw(func(r *http.Request) string { return "HTTP/1.1 200 OK\r\nContent-Length: " + key(r) + "\r\n\r\n" }),
		"cut off":          raw(func(r *http.Request) string { return "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + key(r) }),
		"no answer":        raw(func(*http.Request) string { return "" }),
		"slow": func(_ http.ResponseWriter, r *http.Request) bool {
			select {
			case <-r.Context().Done():
			case <-time.After(time.Second):
			}
			return true
		},
		"live, and told back": func(rw http.ResponseWriter, r *http.Request) bool {
			status := 401
			if live(r) || r.Method != http.MethodGet {
				status = 200
			}
			echo(rw, r, status, "application/json")
			return true
		},
	}
}

func values(m map[string]string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// G7: no key is in anything that is written, whatever the command, the format, the issuer and the input do.
func TestG07NoKeyInAnyOutput(t *testing.T) {
	b := newBirdcage(t)
	policy := b.write("policy.yaml", "schema: quash.policy/1\nowners: [{provider: agiled, owner: '?*'}, {provider: github, owner: '*'}, {provider: gitlab, owner: '?*'}, {provider: slack, owner: '?*'}]\n"+
		"caps: {run: 100}\nrules: [{match: {}, mode: auto, without_approval: [irreversible, operator, collateral]}]\n")
	plan := b.path("plan.json")

	first := b.try("", append(append([]string{"scan", "--min-confidence", "low", "-f", "jsonl"}, b.outFiles()...), b.targets...)...)
	found := ids(t, first.out)
	if len(found) < 8 {
		t.Fatalf("only %d keys found: the test tests less than it should", len(found))
	}
	for name, answer := range failures(b.canaries) {
		if testing.Short() && name != "as they should" && name != "live, and told back" && name != "malformed status" {
			continue
		}
		b.answer = answer
		if err := os.RemoveAll(b.path("state")); err != nil {
			t.Fatal(err)
		}
		b.try("", append([]string{"scan", "--verify", "-f", "json"}, b.asked...)...)
		b.try("", append(append([]string{"respond", "--plan", plan}, b.outFiles()...), b.asked...)...)
		r := b.try("", append([]string{"respond", "--execute", "--policy", policy, "--wait", "2s", "-f", "jsonl"}, b.asked...)...)
		if len(items(t, r.out)) < 9 {
			t.Errorf("%s: the run ended early", name)
		}
		for _, rule := range append(rulesOfCanaries, "agiled-api-key") {
			key := b.canaries.keys[rule]
			if rule == "agiled-api-key" {
				key = b.canaries.keys["Reporting - staging - Data"]
			}
			b.try(key, "verify", "--rule", rule)
			b.try(key, "revoke", "--rule", rule, "--execute", "--policy", policy, "--wait", "2s", "-f", "sarif")
		}
		for _, id := range ids(t, r.out)[:2] {
			b.try("", "review", id)
			b.try("", "show", id)
		}
		b.search()
	}
	b.answer = nil
	b.commands(found)
	b.brokenNetwork()
	b.badInputs(policy, plan)
	b.search()
	if b.outputs < 512<<10 && !testing.Short() {
		t.Errorf("only %d bytes of output were searched", b.outputs)
	}
}

// commands are those that ask nobody, in every format.
func (b *birdcage) commands(found []string) {
	for _, format := range report.Names() {
		b.try("", append([]string{"scan", "-f", format, "--min-confidence", "low"}, b.targets...)...)
		b.try("", "report", "--from", b.path("o.jsonl"), "-f", format)
		b.try(b.canaries.keys["private-key-pem"], "verify", "--rule", "private-key-pem", "-f", format)
		b.try(b.canaries.keys["aws-access-key"]+"\n"+b.canaries.keys["aws secret"], "revoke", "--rule", "aws-access-key", "--part", "secret", "-f", format)
		b.try(b.read("in/plain.env"), "scan", "-", "-f", format)
	}
	key := b.canaries.keys["Warehouse sync - production - Ops"]
	other := b.canaries.keys["Reporting - staging - Data"]
	b.wants(b.try(key, "keys", "add", "--rule", "agiled-api-key", "--name", "a - b - c"), 0)
	b.wants(b.try(key, "keys", "add", "--rule", "agiled-api-key", "--stored-at", "vault "+key), 2, "holds a key")
	id := strings.Fields(b.run("keys", "list").out)[len(strings.Fields("ID STATE NAME OWNER ENVIRONMENT PRESET EXPIRES ROTATE BY STORED AT"))]
	b.try(other+"\n"+key, "keys", "rotate", id)
	b.try(key+"\n"+other, "keys", "rotate", id)
	for _, id := range found {
		b.try("", "show", id)
	}
	for _, args := range [][]string{
		{"keys", "list"}, {"keys", "audit"}, {"journal", "show"}, {"journal", "verify"}, {"journal", "show", found[0]}, {"rules", "list"}, {"rules", "test"}, {"rules", "show", "github-pat"},
		{"allow", found[0], "--reason", "x", "--file", b.path("ignore")}, {"allow", found[0], "--reason", "it is " + b.canaries.keys["github-pat"], "--file", b.path("ignore")},
		{"baseline", "create", "-o", b.path("known"), "--force", "--from", b.path("o.jsonl")}, {"baseline", "create", "-o", b.path("known"), "--force", b.path("in/plain.env")},
		{"approve", "--by", "ben", b.path("plan.json")}, {"man", b.path("man")}, {"completion", "bash"}, {"version"}, {"--help"},
	} {
		b.try("", args...)
	}
}

// brokenNetwork has no TLS that can be trusted, and hosts that are not there.
func (b *birdcage) brokenNetwork() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("this is not TLS\r\n"))
			_ = c.Close()
		}
	}()
	good := *b.sim
	for name, sim := range map[string]*provider.Simulation{"no trust": {Hosts: good.Hosts}, "no TLS": {Hosts: map[string]string{agiledHost + ":443": listener.Addr().String()}}, "nobody there": {}} {
		b.sim = sim
		r := b.try("", append([]string{"scan", "--verify"}, b.asked...)...)
		if r.code != 1 || !strings.Contains(r.out, "UNKNOWN") {
			b.t.Errorf("%s: exit %d\n%s", name, r.code, r.err)
		}
	}
	b.sim = &good
}

// badInputs are files in which a key stands where none belongs, and places that cannot be written.
func (b *birdcage) badInputs(policy, plan string) {
	key, shapeless := b.canaries.keys["github-pat"], b.canaries.keys["Warehouse sync - production - Ops"]
	b.try("", "scan", b.path("in/cut.xml"))
	b.try("", "scan", "--source", "jsonl", b.path("in/cut.xml"))
	for _, k := range []string{key, shapeless} {
		for _, text := range []string{k, k + ": 1\n", "agiled: " + k + "\n", "agiled: {review_key: " + k + "}\n", "agiled: {review_key: {env: " + k + "}}\n", "agiled: {base_url: 'https://x:" + k + "@h'}\n",
			"scan: {skip: [" + k + "]}\n", "scan: {min_confidence: " + k + "}\n", "network: {allow: [" + k + "]}\n", "a: *" + k + "\n", "\"" + k, "providers: {" + k + ": {base_url: x}}\n"} {
			b.try("", "scan", "--config", b.write("in/bad.yaml", text), b.path("in/asked/a.env"))
			b.write("in/narrowed/.quash.yaml", text)
			b.try("", "scan", b.path("in/narrowed"))
			b.try("", "scan", "--rules", b.path("in/bad.yaml"), b.path("in/asked/a.env"))
			b.try("", "rules", "test", b.path("in/bad.yaml"))
		}
		for _, text := range []string{k, "q-0123456789abcdef " + k + "\n", "q-0123456789abcdef expires=" + k + "\n"} {
			b.wants(b.try("", "scan", "--baseline", b.write("in/bad.ignore", text), b.path("in/asked/a.env")), 2)
		}
		for _, text := range []string{"schema: " + k + "\n", "schema: quash.policy/1\nowners: [{provider: " + k + ", owner: x}]\n", "schema: quash.policy/1\nnever: {ids: [" + k + "]}\n", k + ": x\n"} {
			b.wants(b.try("", "respond", "--execute", "--policy", b.write("in/bad-policy.yaml", text), b.path("in/asked/a.env")), 2)
		}
		b.try("", "approve", b.write("in/bad-plan.json", strings.Replace(b.read("plan.json"), `"by": "ann"`, `"by": "`+k+`"`, 1)))
		b.try("", "approve", b.write("in/bad-plan.json", `{"`+k+`": 1}`))
		b.try("", "report", "--from", b.write("in/bad.jsonl", `{"`+k+`": 1}`+"\n"+k))
		b.try("", "journal", "verify", b.write("in/journal.jsonl", k+"\n"))
		b.try("", "--state", b.write("in/nostate", ""), "respond", b.path("in/asked/a.env"))
		b.try(k, "verify", "--rule", "agiled-api-key", "--part", k)
		b.try("", "scan", "--field", "record="+k, b.path("in/t.jsonl"))
	}
	b.write("state/journal.jsonl", b.read("state/journal.jsonl")+shapeless+"\n")
	b.wants(b.try("", "journal", "verify"), 2)
	b.wants(b.try("", "respond", "--policy", policy, "--plan", plan, b.path("in/asked/a.env")), 2)
	if err := os.Remove(b.path("state/journal.jsonl")); err != nil {
		b.t.Error(err)
	}
}

// bomb is a reader that panics with what it was to read.
type bomb string

func (b bomb) Read([]byte) (int, error) { panic(errors.New(string(b))) }

// A panic ends with exit code 5 and a calm message that holds no value.
func TestG07NoKeyInPanic(t *testing.T) {
	b := newBirdcage(t)
	key := b.canaries.keys["Warehouse sync - production - Ops"]
	for name, args := range map[string][]string{"command": {"verify", "--rule", "agiled-api-key"}, "clock": {"scan", b.targets[3]}} {
		var out bytes.Buffer
		e := b.world.world(append(args, "--log-level", "trace"))
		e.Stdout, e.Stderr, e.Stdin = &out, &out, bomb(key)
		if name == "clock" {
			e.Now = func() time.Time { panic(key) }
		}
		if n := cli.Run(context.Background(), e); n != cli.ExitInternal {
			t.Errorf("%s: exit %d", name, n)
		}
		if what := b.canaries.in(out.Bytes()); what != "" || !strings.Contains(out.String(), "internal error") || strings.Contains(out.String(), "goroutine") {
			t.Errorf("%s: holds %q: %.200s", name, what, out.String())
		}
	}
}
