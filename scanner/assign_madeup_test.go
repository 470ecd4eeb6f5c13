package scanner

import (
	"encoding/base64"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/quash-sh/quash/rules"
)

// confidence is the greatest of what a scanner finds in a file, "" for nothing.
func confidence(s *Scanner, path, text string) rules.Confidence {
	var best rules.Confidence
	for f := range s.Find(Chunk{Data: []byte(text + "\n"), From: Location{Path: path}}) {
		if best == "" || rank(f.Confidence) > rank(best) {
			best = f.Confidence
		}
	}
	return best
}

// basic is a header that signs a user in with a weak password.
func basic(user string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":password"))
}

// TestMadeUp: each pair is the same kind of text, once where it is made up and once where it is not. %s is a random value.
func TestMadeUp(t *testing.T) {
	s, rnd := literalScanner(t), testRand(5)
	for _, tt := range []struct{ name, path, text, realPath, realText string }{
		{"named as a test's", "api/client_test.go", `const testToken = "%s"`, "api/client.go", `const testToken = "%s"`},
		{"a name before a call", "api/client_test.go", `secretTest = config.Secret("%s")`, "api/client.go", `secretLive = config.Secret("%s")`},
		{"nobody's name", "spec/a_spec.rb", `token = "%s"`, "spec/a_spec.rb", `client_secret = "%s"`},
		{"a dummy", "test/dummy/config/a.yml", `api_secret: %s`, "test/config/a.yml", `api_secret: %s`},
		{"prose", "docs/setup.md", `password: Autumn_Leaves4`, "conf/setup.yml", `password: Autumn_Leaves4`},
		{"shown in a comment", "lib/user.rb", `#   user.password = "%s"`, "lib/user.rb", `user.password = "%s"`},
		{"chosen in a comment", "lib/user.rb", `# user.password = "Autumn_Leaves4"`, "lib/user.rb", `user.password = "Autumn_Leaves4"`},
		{"a weak word", "test/a.go", `password := "secret12"`, "test/a.go", `password := "{leet}"`},
		{"a weak word in prose", "docs/setup.md", `password: {leet}`, "conf/setup.yml", `password: {leet}`},
		{"a weak word in the data of tests", "pkg/testdata/a.yml", `password: {leet}!`, "conf/a.yml", `password: {leet}!`},
		{"the key of sessions", "test/a_test.rb", `config.secret_key_base = "%s"`, "config/a.rb", `config.secret_key_base = "%s"`},
		{"a word of a variable", "docs/run.txt", `SMTP_PASSWORD=secret`, "compose.yaml", `SMTP_PASSWORD=secret`},
		{"a word in a variable of tests", "compose.yaml", `DB_TEST_PASSWORD=secret`, "compose.yaml", `DB_MAIN_PASSWORD=secret`},
		{"a word of a program", "src/start.go", `password := "willowtree"`, "bin/start.sh", `password="willowtree"`},
		{"the user that all tests have", "test/a.go", basic("user"), "test/a.go", basic("annette")},
		{"what a variable names", "src/a.rb", `jar[SecretKey] = "%s"`, "src/a.rb", `jar["SecretKey"] = "%s"`},
		{"a default of the shell", "compose.yaml", `X: ${DB_PASSWORD:-willow}`, "compose.yaml", `DB_PASSWORD: willow`},
		{"a format", "src/a.go", `client_secret: "%%vabc%%d"`, "src/a.go", `client_secret: "%s"`},
		{"bytes that count up", "src/a.go", `aes_key = "000102030405060708090a0b0c0d0e0f"`, "src/a.go", `aes_key = "%s"`},
		{"one stem", "conf/a.yml", `url: amqp://queueuser:queuepass@mq/`, "conf/a.yml", `url: amqp://queueuser:Kiwi_Tree88@mq/`},
		{"an escaped word", "src/a.go", `"amqp://ann:pass%%40host@mq/"`, "conf/a.yml", `url: amqp://ann:Kiwi_Tree88@mq/`},
		{"its own name", "compose.yaml", `ACMEDB_PASSWORD: acmedb`, "compose.yaml", `ACMEDB_PASSWORD: willow`},
		{"installed code", "web/node_modules/a/b.js", `apiKey: "%s"`, "web/src/b.js", `apiKey: "%s"`},
		{"the dummy of an engine", "test/dummy/config/secrets.yml", `secret_key_base: {hex}`, "config/secrets.yml", `secret_key_base: {hex}`},
		{"an account of no name", "src/a.go", `"nats://user:{weak}@127.0.0.1:4222"`, "src/a.go", `"nats://annette:{weak}@127.0.0.1:4222"`},
		{"an address elsewhere", "src/a.go", `"nats://annette:{weak}@mq.io:4222"`, "src/a.go", `Sprintf("nats://annette:{weak}@%%s:%%d", h, p)`},
		{"an address of no name", ".env", `DB_URL=mysql://user:{weak}@localhost:3306/a`, ".env", `DB_URL=mysql://root:{weak}@localhost:3306/a`},
		{"worked with a password", "src/a.go", `HashPassword("password", "%s")`, "src/a.go", `SetValue("password", "%s")`},
		{"what is done with a password", "src/a.py", `password = password.encode("%s")`, "src/a.py", `password = encode("%s")`},
		{"what a shell puts in", "bin/a.sh", `password="x$RANDOM%s"`, "bin/a.sh", `password='x$RANDOM%s'`},
		{"the checksum of a secret", "deploy/a.yaml", `checksum/secret: %s`, "deploy/a.yaml", `secret: %s`},
		{"a default of words", "src/a.yml", `a: ${token.key:willow}`, "src/a.yml", `a: ${token.key:%s}`},
		{"base64 of words", "bin/a.sh", `db_password={words}`, "deploy/a.yaml", `db_password: {words}`},
		{"a word of SQL", "src/a.go", `CREATE USER ann IDENTIFIED BY 'secret'`, "ci.yml", `CREATE USER ann IDENTIFIED BY 'secret'`},
		{"a spelled word", "test/a.go", `password := "{own}"`, "test/a.go", `password := "{ownleet}"`},
		{"the data of tests", "pkg/testdata/a.htpasswd", `ann:$apr1$salt$%s`, "conf/a.htpasswd", `ann:$apr1$salt$%s`},
	} {
		value := madeUp(rnd, 24)
		if strings.Contains(tt.text, "$apr1$") {
			value = value[:22]
		}
		filler := strings.NewReplacer("{weak}", "secret", "{own}", "hispass"+"word!1", "{ownleet}", "hisp4ss"+"w0rd!1", "{hex}", hex.EncodeToString([]byte(madeUp(rnd, 64))), "{words}", base64.StdEncoding.EncodeToString([]byte("willowtree")), "%s", value, "%%", "%", "{leet}", "p4ss"+"w0rd")
		fill := filler.Replace
		if got := confidence(s, tt.path, fill(tt.text)); got != "" && got != rules.Low {
			t.Errorf("%s: %s: %s", tt.name, tt.text, got)
		}
		if got := confidence(s, tt.realPath, fill(tt.realText)); got == "" || got == rules.Low {
			t.Errorf("%s: not so in %s: %q", tt.name, tt.realPath, got)
		}
	}
}

// TestOwnPath: what stands in the file's own path is a word of the project.
func TestOwnPath(t *testing.T) {
	if got := confidence(literalScanner(t), "deploy/willow/app.yml", "password: willow"); got != rules.Low {
		t.Errorf("got %q", got)
	}
}

// TestCredentialFiles: the files in which tools keep what they sign in with. %s is a random value, %u the base64 of a user and one.
func TestCredentialFiles(t *testing.T) {
	s, rnd := literalScanner(t), testRand(6)
	for _, tt := range []struct{ path, text string }{
		{".netrc", "machine git.acme.io login ann password %s"},
		{".netrc", "machine git.acme.io\n  login ann\n  password %s"},
		{"_netrc", "machine git.acme.io login ann password %s"},
		{".npmrc", "//npm.acme.io/:_authToken=%s"},
		{".npmrc", "//npm.acme.io/:_auth=%u"},
		{".npmrc", "//npm.acme.io/:_password=%s"},
		{".pypirc", "[acme]\nrepository = https://py.acme.io\nusername = ann\npassword = %s"},
		{"kubeconfig", "users:\n- name: ann\n  user:\n    token: %s"},
		{".kube/config", "users:\n- name: ann\n  user:\n    username: ann\n    password: %s"},
		{".docker/config.json", `{"auths": {"docker.acme.io": {"auth": "%u"}}}`},
		{".dockercfg", `{"docker.acme.io": {"auth": "%u", "email": "ann@acme.io"}}`},
		{".docker/config.json", `{"auths": {"docker.acme.io": {"identitytoken": "%s"}}}`},
		{".git-credentials", "https://ann:%s@git.acme.io"},
		{".my.cnf", "[client]\nuser = ann\npassword = %s"},
		{"conf/users.htpasswd", "ann:$apr1$%8$%s"},
	} {
		value := madeUp(rnd, 24)
		both := base64.StdEncoding.EncodeToString([]byte("ann:" + value))
		text := strings.NewReplacer("$%8$%s", "$"+value[:8]+"$"+value[:22], "%s", value, "%u", both).Replace(tt.text)
		if got := confidence(s, tt.path, text); got == "" || got == rules.Low {
			t.Errorf("%s: %s: %q", tt.path, tt.text, got)
		}
	}
}

// TestPlaceholderBesideRandom: issuers begin keys with words that stand for keys elsewhere.
func TestPlaceholderBesideRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(8, 8))
	for _, prefix := range []string{"key-", "test_", "acme_test_", "duffel_test_", "token-"} {
		for range 50 {
			body := make([]byte, 16)
			for i := range body {
				body[i] = byte(rnd.Uint32())
			}
			for _, v := range []string{prefix + hex.EncodeToString(body), prefix + madeUp(rnd, 32)} {
				if why := placeholder(v); why != "" {
					t.Fatalf("a key that begins with %s: %s", prefix, why)
				}
			}
		}
	}
}
