package scanner

import (
	"slices"
	"strings"

	"github.com/quash-sh/quash/rules"
)

// telling reports whether the name says that it holds a key. What is done with a key may stand in it too, where the value shows that it is
// none of the program's own names.
func (a assigned) telling() bool {
	if strings.HasSuffix(a.before, "checksum/") { // of what the name says, as charts note it
		return false
	}
	words := nameWords(a.name)
	at := -1
	for i, w := range words {
		if a.kind == rules.LiteralPassword && passwordWord(w) || a.kind == rules.LiteralSecret && secretWord(words, i) {
			at = i
		}
	}
	if at < 0 {
		return false
	}
	for _, w := range words[at+1:] {
		if aboutWords[w] {
			return false
		}
	}
	for _, w := range words[:at] {
		if actWords[w] && !(doneWords[w] && a.shown()) || w == "hash" && a.kind == rules.LiteralPassword {
			return false
		}
	}
	return true
}

// shown reports whether the value itself shows that it is none of the program's own names.
func (a assigned) shown() bool {
	v := rules.LookAt(a.value)
	return v.Kind == rules.Random || v.Kind == rules.Chosen && v.Signs && a.kind == rules.LiteralPassword
}

// nameWords cuts an identifier into words in lower case.
func nameWords(name string) []string {
	var words []string
	start := 0
	cut := func(end int) {
		if end > start {
			words = append(words, strings.ToLower(name[start:end]))
		}
		start = end
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '_' || c == '-' || c == '.':
			cut(i)
			start = i + 1
		case i > start && 'A' <= c && c <= 'Z' && 'a' <= name[i-1] && name[i-1] <= 'z':
			cut(i)
		case i > start+1 && 'a' <= c && c <= 'z' && 'A' <= name[i-1] && name[i-1] <= 'Z' && 'A' <= name[i-2] && name[i-2] <= 'Z':
			cut(i - 1)
		}
	}
	cut(len(name))
	return words
}

func passwordWord(w string) bool {
	w = strings.TrimRight(w, "0123456789")
	switch w {
	case "pass", "pwd", "psw", "passwd", "password", "passphrase", "passcode", "passwort", "userpass", "dbpass", "rootpass", "requirepass", "mypass", "adminpass",
		"storepass", "keypass", "keystorepass", "truststorepass", "smtppass", "ftppass", "sshpass", "sqlpass", "mailpass", "loginpass", "masterpass":
		return true
	}
	return !strings.HasPrefix(w, "no") && strings.HasSuffix(w, "password") || strings.HasSuffix(w, "passwd") || strings.HasSuffix(w, "passphrase") || strings.HasSuffix(w, "pwd")
}

func secretWord(words []string, i int) bool {
	w := strings.TrimRight(words[i], "0123456789")
	switch w {
	case "secret", "secrets", "token", "tokens", "seed", "ticket", "xkey", "apikey", "accesskey", "secretkey", "privatekey", "authkey", "encryptionkey", "signingkey",
		"consumerkey", "accountkey", "clientkey", "masterkey", "cipherkey", "sharedkey", "licensekey", "serverkey", "nkey", "credential", "credentials":
		return true
	case "key", "keys":
		return len(words) == 1 || i > 0 && keyOwners[words[i-1]] || i > 1 && keyOwners[words[i-2]]
	}
	return slices.ContainsFunc(secretEnds, func(end string) bool { return strings.HasSuffix(w, end) })
}

func set(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

// secretEnds are the ends of names that are written as one word.
var secretEnds = []string{"secret", "token", "apikey", "accesskey", "secretkey", "privatekey", "authkey", "encryptionkey", "signingkey", "sharedkey", "accountkey"}

var (
	// keyOwners stand before "key" where a key is meant that opens something.
	keyOwners = set(`api app access secret private auth oauth encryption encrypt crypto signing sign consumer account client master cipher
		shared license service storage session cookie security server ssh rsa aes hmac jwt deploy write read admin subscription
		application integration webhook project publishable live sandbox merchant developer dev customer shopify sendgrid
		mailgun stripe twilio fernet certificate token site host management team user hash wrapping wrapped`)
	// aboutWords after the telling word make a name of something about a key.
	aboutWords = set(`label hint placeholder regex regexp pattern policy length len size min max file files filename path paths dir url uri
		urls endpoint endpoints id ids name names type types prompt msg message messages error errors err reset required field fields column
		columns attr attribute property param parameter input form page view button link text title desc description help info
		expiry expires expiration expire ttl timeout age duration lifetime count index position offset start end at on in time date
		timestamp valid validator validation verifier check checker confirm changed change update updated exists encoder encoding
		encoded format header headers prefix suffix separator source provider store storage manager service handler factory
		builder generator callback func function class ref reference refs location arn version kind status state strategy
		method mode usage scope scopes alias issuer audience algorithm alg hash hashed digest fingerprint thumbprint sum checksum template
		bits bytes cost rounds salt strength score limit option options config settings enabled disabled plugin authority
		key-id to within too short weak mismatch visibility rotation owner group address port host server user username login email count regexes list
		encode decode hex lower upper get trim strip lstrip rstrip equals append join split getbytes tostring replace matches starts
		ends contains substring encryption complexity code not sha sha1 sha2 sha256 sha512 md5 test tests spec manager mgr required match`)
	// doneWords are those of them that stand before the keys of forms and tests as well.
	doneWords = set(`verify validate check compare reset change update`)
	// actWords before the telling word make a name of an act or a question.
	actWords = set(`is has have no not show hide forgot forget lost need needs require requires required enable disable allow use uses using
		should can must reset change update verify validate check compare match parse generate create get fetch read load find
		print prompt ask by via expected authenticity encode without hashed encrypted nopasswd nopass per len num max min count list csrf xsrf public pub syntax lexer parser next prev peek eat expect
		page continuation pagination sync cancel cancellation sort primary foreign cache partition row hot short`)
)
