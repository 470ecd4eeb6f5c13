package scanner

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/quash-sh/quash/rules"
)

// madeUp is a value such as machines make.
func madeUp(rnd *rand.Rand, n int) string {
	const alphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	var b strings.Builder
	for range n {
		b.WriteByte(alphabet[rnd.IntN(len(alphabet))])
	}
	return b.String()
}

func literalScanner(t *testing.T) *Scanner {
	t.Helper()
	set, err := rules.Builtin(rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(set, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.ids.memory = 8
	return s
}

// TestLiterals: %s stands for a made-up value. The finding is the value and nothing else, with at least medium confidence.
func TestLiterals(t *testing.T) {
	s, rnd := literalScanner(t), testRand(3)
	for _, tt := range []struct{ path, text string }{
		{"a.go", `Password: "%s",`},
		{"a.go", `var dbPassword string = "%s"`},
		{"a.go", `token := "%s"`},
		{"a.go", `os.Setenv("API_KEY", "%s")`},
		{"a.py", `password = "%s"`},
		{"a.tf", "variable \"api_token\" {\n  type    = string\n  default = \"%s\"\n}"},
		{"a.sh", `echo "%s" | docker login -u ci --password-stdin acme.example`},
		{"a.js", `client.bind('cn=admin,dc=acme', '%s', done)`},
		{"a.cpp", `mysql_real_connect(conn, "10.2.0.5", "shop", "%s", "shop", 0, nullptr, 0);`},
		{"a.rs", `let key = EncodingKey::from_secret(b"%s");`},
		{"a.py", `connect(user="ann", password='%s')`},
		{"a.py", `app.config["SECRET_KEY"] = "%s"`},
		{"a.js", `clientSecret: '%s',`},
		{"a.ts", `const accessToken: string = "%s";`},
		{"a.java", `config.setPassword("%s");`},
		{"a.kt", `val apiKey: String = "%s"`},
		{"a.cs", `const string password = "%s";`},
		{"a.rb", `:password => "%s"`},
		{"a.php", `'password' => '%s',`},
		{"a.php", `define('DB_PASSWORD', '%s');`},
		{"a.m", `password:@"%s"`},
		{"a.rs", `let api_key = "%s";`},
		{"a.swift", `let secretKey = "%s"`},
		{"a.ps1", `$password = "%s"`},
		{"a.json", `{"password": "%s"}`},
		{"a.json", `{"tokens": ["%s", "b"]}`},
		{"a.go", `Tokens: []string{"%s"},`},
		{"a.json", `{"Apitoken": "{\"name\":\"ann\",\"sig\":\"%s\"}"}`},
		{"a.java", `manager.setCipherKey(Base64.decode("%s"));`},
		{"a.rs", `const ACCESS_TOKEN: &str = "%s";`},
		{"a.c", `#define API_TOKEN "%s"`},
		{"a.c", `static const char encryption_key[32] = "%s";`},
		{"a.clj", `{:secret-key "%s"}`},
		{"a.vb", `Dim strPassword As String = "%s"`},
		{"a.gradle", `storePassword "%s"`},
		{"redis.conf", `requirepass %s`},
		{"a.sh", `docker login -u ann -p %s acme.io`},
		{"a.sh", `chpasswd <<< "ann:%s"`},
		{"a.ps1", `ConvertTo-SecureString -String "%s" -AsPlainText -Force`},
		{"a.go", `body := "{\"client_secret\":\"%s\"}"`},
		{"a.yaml", `password: %s`},
		{"a.yaml", "- name: DB_PASSWORD\n  value: %s"},
		{"a.toml", `secret_key = "%s"`},
		{".env", `DB_PASSWORD=%s`},
		{"a.ini", `password = %s`},
		{"a.properties", `spring.datasource.password=%s`},
		{"a.xml", `<password>%s</password>`},
		{"web.config", `<add key="Password" value="%s" />`},
		{"a.tf", `access_key = "%s"`},
		{"a.sh", `export API_TOKEN=%s`},
		{"a.sh", `deploy --user ann --password %s`},
		{"a.sh", `mysql -u root -p%s shop`},
		{"a.sh", `curl -u ann:%s https://host.acme.io/`},
		{"Dockerfile", `ENV DB_PASSWORD %s`},
		{"Dockerfile", `ARG API_TOKEN=%s`},
		{"a.sql", `CREATE USER ann IDENTIFIED BY '%s';`},
		{"a.sql", `ALTER ROLE ann WITH PASSWORD '%s';`},
		{"a.md", `nats://ann:%s@nats:4222`},
		{"a.md", `Authorization: Bearer %s`},
		{"a.md", `https://api.acme.io/v1?access_token=%s&page=2`},
	} {
		value := madeUp(rnd, 24)
		text := strings.Replace(tt.text, "%s", value, 1) + "\n"
		found := false
		for f := range s.Find(Chunk{Data: []byte(text), From: Location{Path: tt.path}}) {
			at := text[f.At.Offset:][:f.At.Length]
			found = found || strings.TrimSpace(at) == value && rank(f.Confidence) >= rank(rules.Medium)
		}
		if !found {
			t.Errorf("%s: %s: not found", tt.path, tt.text)
		}
	}
}

// TestNoLiterals: nothing here is a key, or it is one of low confidence.
func TestNoLiterals(t *testing.T) {
	s, rnd := literalScanner(t), testRand(4)
	for _, tt := range []struct{ path, text string }{
		{"a.go", `password := os.Getenv("DB_PASSWORD")`},
		{"a.go", `password = cfg.Password`},
		{"a.go", `t.Errorf("password: %d", n)`},
		{"a.js", `label: "Enter your password"`},
		{"a.js", `password: password,`},
		{"a.js", `passwordPlaceholder: "At least 8 characters"`},
		{"a.js", `forgotPassword: "Reset1Link"`},
		{"a.py", `password = "changeme"`},
		{"a.py", `token = get_token("deployment")`},
		{"a.py", `csrf_token = "%s"`},
		{"a.py", `password_hash = "%s"`},
		{"a.py", `token_url = "%s"`},
		{"a.rb", `t("password", "Password1")`},
		{"a.yaml", "password: ${DB_PASSWORD}"},
		{"a.yaml", "secretName: my-tls-secret"},
		{"a.yaml", "password:\n  type: string"},
		{"po/de.po", `msgid "password: %s"`},
		{"a.go", "compass := \"%s\""},
		{"a.md", "https://user:pass@host/path"},
		{"a.md", "https://ann:hunter-2@example.com/"},
		{"package-lock.json", `"token": "%s"`},
		{"a.html", "Basic authentication is passed in the Authorization header"},
	} {
		text := strings.Replace(tt.text, "%s", madeUp(rnd, 24), 1) + "\n"
		for f := range s.Find(Chunk{Data: []byte(text), From: Location{Path: tt.path}}) {
			if rank(f.Confidence) > rank(rules.Low) {
				t.Errorf("%s: %s: found by %s, %v", tt.path, tt.text, f.Rule, f.Reasons)
			}
		}
	}
}

// TestPlaceOf: the path says where keys are made up.
func TestPlaceOf(t *testing.T) {
	for path, want := range map[string]bool{
		"src/main.go": false, "internal/contest/a.go": false, "a/testdata/b.yml": true, "pkg/a_test.go": true, "src/test/java/A.java": true, "spec/a.rb": true,
	} {
		if got := placeOf(path) != ""; got != want {
			t.Errorf("placeOf(%q) = %v", path, got)
		}
	}
}

// TestJudgedPath: where a file that was named by itself lies says nothing of what is in it.
func TestJudgedPath(t *testing.T) {
	for name, want := range map[string]string{
		"tests/a.env": "tests/a.env", "/tmp/tests/a.env": "a.env", "../tests/a.env": "a.env", "C:/tests/a.env": "a.env",
		"/tmp/tests/b.zip!spec/a.rb": "b.zip!spec/a.rb", "": "",
	} {
		if got := judgedPath(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// TestSkippedRule: a key of a rule that is left out is not told of by a general rule instead.
func TestSkippedRule(t *testing.T) {
	set := literalScanner(t).Rules()
	r, _ := set.Rule("github-pat")
	text := []byte("GITHUB_TOKEN=" + r.Sample(testRand(4)).Token + "\nOTHER_TOKEN=" + madeUp(testRand(5), 32) + "\n")
	for skip, want := range map[string]int{"stripe-live-key": 2, "github-pat": 1} {
		s, err := New(set, Options{Skip: []string{skip}})
		if err != nil {
			t.Fatal(err)
		}
		s.ids.memory = 8
		n := 0
		for range s.Find(Chunk{Data: text, From: Location{Path: "a.env"}}) {
			n++
		}
		if n != want {
			t.Errorf("without %s: %d keys, want %d", skip, n, want)
		}
	}
}
