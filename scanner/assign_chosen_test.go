package scanner

import (
	"testing"

	"github.com/quash-sh/quash/rules"
)

// TestChosen: each pair is one word, once where a person has chosen it for a password in use and once where it says nothing.
func TestChosen(t *testing.T) {
	s := literalScanner(t)
	for _, tt := range []struct{ name, path, text, notPath, notText string }{
		{"given or compared", "api/client_test.go", `o.Password = "willowtree"`, "api/client_test.go", `o.Password == "willowtree"`},
		{"of a test or a program", "test/login.js", `password: 'willowtree',`, "src/login.js", `password: 'willowtree',`},
		{"an object or a call", "test/a.py", `{"login": "ann", "password": "willowtree"}`, "test/a.py", `login(user="ann", password="willowtree")`},
		{"a call over lines", "spec/a.rb", `  password: "willowtree",`, "spec/a.rb", `  password: "willowtree")`},
		{"a call without brackets", "spec/a.rb", `config = { name: "ann", password: "willowtree" }`, "spec/a.rb", `  log_in name: "ann", password: "willowtree"`},
		{"a read setting", "test/a.js", `var password = 'willowtree'`, "test/a.js", `var password = read('willowtree')`},
		{"a word about passwords", "test/a.js", `password: 'willowtree'`, "test/a.js", `password: 'incorrect'`},
		{"a refused one", "test/a.js", `password: 'willowtree'`, "test/a.js", `password: 'wrong_willow'`},
		{"a constant", "test/a.yml", `password: willowtree`, "test/a.yml", `password: NOT_TO_BE_LOGGED`},
		{"a short word", "test/a.js", `password: 'willowtree'`, "test/a.js", `password: 'will'`},
		{"counted stand-ins", "test/a.js", `password: 'willowtree'`, "test/a.js", `password: 'passtwo'`},
		{"with a capital inside", "test/a.ts", `password: 'willowTree'`, "test/a.ts", `password: 'formField'`},
		{"settings of a test", "test/a.yml", `password: willowtree`, "test/a.yml", `password: willowpass`},
		{"the data of a test", "pkg/testdata/a.yml", `password: Willow_88`, "pkg/testdata/a.sh", `password=Willow_88`},
		{"delivered", "conf/a.yml", `password: changeme`, "conf/a.yml.template", `password: changeme`},
		{"delivered, in use", "conf/a.yml", `password: mypassword`, "conf/a.yml", `# password: mypassword`},
		{"the word itself", "conf/a.yml", `db_password: password`, "docs/a.yml", `db_password: password`},
		{"the word itself in settings", "conf/a.ini", `password = password`, "conf/a.json", `"password": "password"`},
		{"the account itself", "conf/a.yml", `url: mq://willow:willow@mq:5672`, "conf/a.md", `mq://willow:willow@mq:5672`},
		{"a delivered one of a machine near by", "conf/a.yml", `url: mq://queue:top_secret@localhost:5672`, "conf/a.yml", `url: mq://queue:top_secret@mq.acme.io`},
	} {
		if got := confidence(s, tt.path, tt.text); got == "" || got == rules.Low {
			t.Errorf("%s: %s: %s: %q", tt.name, tt.path, tt.text, got)
		}
		if got := confidence(s, tt.notPath, tt.notText); got != "" && got != rules.Low {
			t.Errorf("%s: %s: %s: %s", tt.name, tt.notPath, tt.notText, got)
		}
	}
}

// TestRecorded: a random value of a data key in a test was an issuer's answer; the arguments of a call were made for it.
func TestRecorded(t *testing.T) {
	s, rnd := literalScanner(t), testRand(12)
	value := madeUp(rnd, 32)
	for text, want := range map[string]rules.Confidence{
		`{"token": "` + value + `"}`:       rules.Medium,
		`'token' => '` + value + `',`:      rules.Medium,
		`post url, token: "` + value + `"`: rules.Low,
		`token = "` + value + `"`:          rules.Low,
	} {
		if got := confidence(s, "spec/a_spec.rb", text); got != want {
			t.Errorf("%s: %q, want %s", text[:12], got, want)
		}
	}
	if got := confidence(s, "a_test.go", `token := draw("`+value+`")`); got == rules.Medium {
		t.Error("what a program works out is taken for a recorded answer")
	}
}
