package rules

import (
	"iter"
	"slices"
)

// Confidence says how sure a match is to be a real key before any issuer was asked.
type Confidence string

// The confidence levels, lowest first.
const (
	Low    Confidence = "low"
	Medium Confidence = "medium"
	High   Confidence = "high"
)

// Severity says how much harm a live key of this kind can do.
type Severity string

// The severity levels, lowest first.
const (
	SeverityInfo     Severity = "info"
	SeverityLow      Severity = "low"
	SeverityMedium   Severity = "medium"
	SeverityHigh     Severity = "high"
	SeverityCritical Severity = "critical"
)

// File is one rule file: a provider, the hosts its keys may be sent to, and its kinds of key.
type File struct {
	// Provider is the name of the issuer in lower case, [a-z0-9-].
	Provider string `yaml:"provider"`
	// Docs is the issuer's page on which the file rests.
	Docs string `yaml:"docs"`
	// Hosts are the only hosts that a key of this file may be sent to. A self-hosted host comes from the
	// operator's configuration (base), never from a rule file or scanned text.
	Hosts []string `yaml:"hosts,omitempty"`
	// Base is the default of {{base}} in URLs, an https origin without a trailing slash. Empty: the operator must
	// configure one before keys of this file can be verified (self-hosted services and package registries).
	Base string `yaml:"base,omitempty"`
	// Regions are the other origins of an issuer whose regions know only keys of their own, written like Base. A key is asked about
	// at Base and then at each of them, and is inactive when all say so; so the list must be whole. An operator's base stands for all.
	Regions []string `yaml:"regions,omitempty"`
	// Vars are the named pieces of patterns, written {{name}} in a pattern, that an operator may replace; the value
	// here is the default.
	Vars map[string]string `yaml:"vars,omitempty"`
	// Canaries are the services whose keys of this issuer are alarms: they are found, and never sent anywhere.
	Canaries []Canary `yaml:"canaries,omitempty"`
	// Allow describes matches that are no finding of any rule of the file.
	Allow []Allow `yaml:"allow,omitempty"`
	// Rules are the kinds of key.
	Rules []Rule `yaml:"rules"`

	name   string // as the caller knows the file, for problems
	digest string // of the content as it was read
	allow  func() []allowance
}

// Canary is a service that issues keys which open nothing and tell their owner when somebody uses one. A key of it is known by the
// account that issued it, and is never sent anywhere: asking the issuer about it would raise the alarm that it was planted for.
type Canary struct {
	// By is who issues such keys, for a person.
	By string `yaml:"by"`
	// Docs is the service's own page on them.
	Docs string `yaml:"docs"`
	// Accounts are the accounts at the issuer that its keys belong to, as they were published.
	Accounts []string `yaml:"accounts"`
}

// Rule is one kind of key. The zero value of every optional field means "not known".
type Rule struct {
	// ID is provider-kind in lower case. It is never renamed and never reused.
	ID string `yaml:"id"`
	// Name is what a person calls this kind of key.
	Name string `yaml:"name"`
	// Provider is the provider of the file; set by the loader.
	Provider string `yaml:"-"`
	// Docs is the page this rule rests on, where it is not the file's.
	Docs string `yaml:"docs,omitempty"`
	// Family groups rules whose matches are one and the same key; finding IDs are computed over family and
	// secret. Default: the provider.
	Family string `yaml:"family,omitempty"`
	// Keywords are literals, at least three bytes each, compared without case (ASCII). Every match of Pattern
	// contains at least one of them. They may be left out where matches have no such literal in common; the rule is then
	// looked for at every byte, which is expensive.
	Keywords []string `yaml:"keywords,omitempty"`
	// Pattern is an RE2 expression, in which (?i) folds ASCII letters only. Its group "token" is the key; where there is
	// no such group the whole match is. Other named groups are further parts of the key, available to templates by
	// name. "body" and "sum" mark what a checksum covers and where it stands. A pattern that begins with the keyword
	// (after \b at most) is the cheapest to search; see [Rule.Anchor].
	Pattern string `yaml:"pattern"`
	// Max caps the length in bytes of a match. Needed only where Pattern has no bound of its own.
	Max int `yaml:"max,omitempty"`
	// Near are further parts of a key (an id beside a secret) that stand near the match but have no fixed place.
	Near map[string]Near `yaml:"near,omitempty"`
	// Checks are the offline checks; [Rule.Validate] runs them.
	Checks []Check `yaml:"validate,omitempty"`
	// Path is an RE2 expression that matches in the path of every file in which the rule finds anything. Empty: every
	// file, and text that has no path.
	Path string `yaml:"path,omitempty"`
	// Allow describes matches that are no finding of this rule.
	Allow []Allow `yaml:"allow,omitempty"`
	// Loose names what of its form a key may break and still be found, each with the reason: prefix, length, alphabet or checksum.
	// Without it, a key of which one character is broken is no key (a checksum: is less sure).
	Loose map[Break]string `yaml:"loose,omitempty"`
	// Overlaps names the providers or rules whose keys this rule finds too, each with the reason; "*" is all of them. Which of the
	// rules wins at a place is decided by how much each of them knows of the key.
	Overlaps map[string]string `yaml:"overlaps,omitempty"`
	// Severity is the harm of a live key. Default: high.
	Severity Severity `yaml:"severity,omitempty"`
	// Confidence is that of a match whose checks passed. Default: medium.
	Confidence Confidence `yaml:"confidence,omitempty"`
	// Guessable marks kinds that people choose (passwords): wherever an ID of such a key leaves the machine it is
	// made with a memory-hard hash.
	Guessable bool `yaml:"guessable,omitempty"`
	// Public marks kinds that are meant to be published (client keys); they are reported at severity info.
	Public bool `yaml:"public,omitempty"`
	// Grants says in a few words what a live key can do, for reports.
	Grants []string `yaml:"grants,omitempty"`
	// Trace says what the verify request leaves behind at the issuer (for instance "moves last_used_at").
	Trace string `yaml:"trace,omitempty"`
	// Evidence says where the issuer itself publishes what the requests of the rule rest on. Without it they rest on general
	// knowledge of the issuer, or of others who use its interface.
	Evidence *Evidence `yaml:"evidence,omitempty"`
	// Manual is what a person does to revoke the key where no request can: the steps in order. The template
	// values of flows may be used, except the key itself.
	Manual []string `yaml:"manual,omitempty"`
	// ManualURL is the page where those steps are done.
	ManualURL string `yaml:"manual_url,omitempty"`
	// Examples prove the pattern.
	Examples Examples `yaml:"examples"`
	// Verify asks the issuer whether the key is live. It changes nothing at the issuer.
	Verify Flow `yaml:"verify,omitempty"`
	// Revoke makes the issuer forget the key.
	Revoke Flow `yaml:"revoke,omitempty"`
	// Review asks the issuer, with the operator's credential, what the key did.
	Review Flow `yaml:"review,omitempty"`

	file     *File
	compiled compiled
}

// Bare reports whether the rule has no keywords, so that it is looked for at every byte.
func (r *Rule) Bare() bool { return len(r.Keywords) == 0 }

// File returns the rule file that the rule was loaded from.
func (r *Rule) File() *File { return r.file }

// Evidence records that the requests of a rule were held against a publication of the issuer: a page of its documentation, its
// specification of the interface, or its own client.
type Evidence struct {
	// At is the https address of the publication.
	At string `yaml:"at"`
	// On is the day on which it was read, YYYY-MM-DD.
	On string `yaml:"on"`
	// Says is what of the rule stands there: request (method, address and header of the verify), active (the reply that is read as
	// active), inactive (the reply to a key that is dead) and revoke (that the request ends the key it names).
	Says []Said `yaml:"says"`
}

// Said is one thing that a publication of the issuer says of the requests of a rule.
type Said string

// What a publication can say.
const (
	SaysRequest  Said = "request"
	SaysActive   Said = "active"
	SaysInactive Said = "inactive"
	SaysRevoke   Said = "revoke"
)

// Documents reports whether the issuer was found to say this of the rule's requests. It is false where there is no evidence.
func (e *Evidence) Documents(what Said) bool { return e != nil && slices.Contains(e.Says, what) }

// Near is a part of a key that stands near the match. It is taken only where it can belong to no other key of the family: two
// keys and two parts that stand in no order are left apart, with a reason.
type Near struct {
	// Pattern is an RE2 expression; its group of the part's own name, or the whole match, is the part.
	Pattern string `yaml:"pattern"`
	// Within is the greatest distance in bytes between the match and the part.
	Within int `yaml:"within"`
	// Optional says that the key can stand without this part.
	Optional bool `yaml:"optional,omitempty"`
	// Shared says that one such part may belong to several keys, as the id of an account does.
	Shared bool `yaml:"shared,omitempty"`
}

// Check is one offline check, written {kind: argument}. The kinds, and their arguments:
//
//	checksum  an algorithm that [Checksum] knows. The group "sum" holds the sum; it covers the group "body" where the
//	          pattern has one, else all of the token before the sum.
//	entropy   the least bits per character of the token, by the frequencies of its own characters (4 is random hex)
//	distinct  the least number of distinct characters in the token
//	words     none: the token, without the issuer's prefix, must not consist of words
//	literal   password, secret, address, basic, header, sql or command: the token is a literal and no variable, template or
//	          word of a language; the scanner judges by its looks, the name it is given to, the syntax that the argument
//	          names and the path whether it is a key, and how likely
//	jwt       header: the body (else the token) up to its first dot decodes to a JSON header with alg
//	base64    a text that the decoded body (else the token) holds
//	pem       der: the PEM block in the token decodes, and its DER is of the kind that its label names
//	place     tests or fixtures: in tests, examples and documentation, or only in the data of tests, such a key is
//	          likely made up, and its confidence low
type Check struct {
	Kind string
	Arg  string
}

// Examples prove a pattern in both directions. {{sample}} stands for a generated key (the token, not the whole match),
// {{NAME}} in lower case for another named part of the same sample, near parts among them. Other braces are text. Each
// example is tried with many samples.
type Examples struct {
	// Match are texts in which the rule finds exactly one key, the sample: a keyword is there, the pattern matches, parts
	// that the key needs stand near, and every check passes. Each has {{sample}}, so that no file holds key-shaped text.
	Match []string `yaml:"match"`
	// Ignore are look-alikes in which the rule finds nothing. A wrong checksum alone does not make a look-alike: the
	// scanner reports such a match with less confidence.
	Ignore []string `yaml:"ignore,omitempty"`
}

// Flow is HTTP requests in order. The first step of a verify decides; later ones only capture.
type Flow []Step

// Step is one HTTP request. Exactly one of the methods is set; it holds the URL.
//
// Templates: {{NAME}} is a named part of the key, a captured value, {{base}}, {{since}} and {{until}} (RFC 3339), or
// {{operator.NAME}}, a credential from the operator's configuration. Values are escaped for the place they stand in
// (path, query, JSON string, form). A step with an operator credential must not use the leaked key, nor any part of it.
type Step struct {
	Get    string `yaml:"get,omitempty"`
	Head   string `yaml:"head,omitempty"`
	Post   string `yaml:"post,omitempty"`
	Put    string `yaml:"put,omitempty"`
	Patch  string `yaml:"patch,omitempty"`
	Delete string `yaml:"delete,omitempty"`

	// Header are the request's headers.
	Header map[string]string `yaml:"header,omitempty"`
	// Basic is user:password for HTTP Basic authentication (RFC 7617).
	Basic string `yaml:"basic,omitempty"`
	// JSON is the request's body as a JSON text. At most one of JSON, Form and Body is set.
	JSON string `yaml:"json,omitempty"`
	// Form is the request's body as form fields.
	Form map[string]string `yaml:"form,omitempty"`
	// Body is the request's body as it is.
	Body string `yaml:"body,omitempty"`
	// Sign signs the request once all else is filled in.
	Sign *Signature `yaml:"sign,omitempty"`
	// Digest is user:password for HTTP Digest authentication (RFC 7616). The password is not sent.
	Digest string `yaml:"digest,omitempty"`
	// JWT is a token that the key signs; the request carries it as {{jwt}}.
	JWT *Assertion `yaml:"jwt,omitempty"`
	// Login is a login to the server that the key itself names, in place of a request. It is the only step of its verify.
	Login *Login `yaml:"login,omitempty"`

	// Active and Inactive read a verify reply; a reply that neither describes is unknown, and so is one that both do.
	Active   Conditions `yaml:"active,omitempty"`
	Inactive Conditions `yaml:"inactive,omitempty"`
	// Done and Requested read a revoke reply: Done says that the issuer reports the key gone, Requested that it
	// took the order. Either way the key is called revoked only after a verify says inactive.
	Done      Conditions `yaml:"done,omitempty"`
	Requested Conditions `yaml:"requested,omitempty"`
	// Capture takes facts out of a reply: name to JSON path (".a.b[0]") or "header:NAME".
	// Known names: owner, owner_id, organization, scopes, key_id, key_name, created, expires, last_used, environment.
	Capture map[string]string `yaml:"capture,omitempty"`
	// Secret names captures that are themselves secret: held in memory only, never reported.
	Secret []string `yaml:"secret,omitempty"`

	// Bind says how a revoke is known to hit exactly the leaked key.
	Bind Bind `yaml:"bind,omitempty"`
	// Batch names the JSON array in a revoke body to which many keys may be added, as "field:limit".
	Batch string `yaml:"batch,omitempty"`
	// Reversible says that the effect can be undone at the issuer.
	Reversible bool `yaml:"reversible,omitempty"`
	// Idempotent says that repeating the request does no further harm. A revoke that is not is never repeated after
	// a time-out.
	Idempotent bool `yaml:"idempotent,omitempty"`
	// Collateral says what else dies with the key; a step that has it is never executed without approval.
	Collateral string `yaml:"collateral,omitempty"`

	// Events reads a review reply.
	Events *Events `yaml:"events,omitempty"`
	// Examples are recorded replies and the reading that each must get.
	Examples []ReplyExample `yaml:"examples,omitempty"`
}

// Signature is AWS Signature Version 4, which other object stores take too. The secret itself is not sent.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
type Signature struct {
	// Service and Region are what the signature is for: "sts", "us-east-1".
	Service string `yaml:"service"`
	Region  string `yaml:"region"`
	// ID and Secret are the templates of the access key's two parts, Session that of a temporary key's third.
	ID      string `yaml:"id"`
	Secret  string `yaml:"secret"`
	Session string `yaml:"session,omitempty"`
}

// Assertion is a JSON Web Token (RFC 7519) that the key signs. The key itself is not sent. The times iat and exp are added when it is
// signed. The control of such a check is the same token with one character of its signature changed.
type Assertion struct {
	// Alg is RS256, ES256 or HS256 (RFC 7518).
	Alg string `yaml:"alg"`
	// Key is the template of what signs: a private key as a PEM block, whose line ends may be written \n, or the secret of HS256.
	Key string `yaml:"key"`
	// Hex says that the secret of HS256 is written in hexadecimal.
	Hex bool `yaml:"hex,omitempty"`
	// Header and Claims are the token's own fields, as templates.
	Header map[string]string `yaml:"header,omitempty"`
	Claims map[string]string `yaml:"claims,omitempty"`
}

// Login is a login to a server at an address that stands in the scanned text. It is made only where the operator's configuration
// names the host (network.logins), with no command after it. The fields are templates; of the parts that they name only the
// password and the host must be there.
type Login struct {
	// Scheme is what the server speaks, as addresses name it: postgres, postgresql, mysql, mariadb, mongodb, mongodb+srv, redis or
	// rediss, also with a driver behind a plus sign; or https for a Kubernetes API server that knows its clients by a certificate, where
	// User is the certificate and Password its key, both PEM in base64, and Host may bring its port. With jdbc: and the name of a
	// database, Host is all that stands between the slashes and the password; with settings it is a connection string up to there.
	Scheme string `yaml:"scheme"`
	// Host is the server's name or address, Port its port (empty: that of the scheme).
	Host string `yaml:"host"`
	Port string `yaml:"port,omitempty"`
	// User and Password are shown to the server.
	User     string `yaml:"user,omitempty"`
	Password string `yaml:"password"`
	// Database is the path of the address, Options its query.
	Database string `yaml:"database,omitempty"`
	Options  string `yaml:"options,omitempty"`
}

// Request returns the step's method and URL template.
func (s *Step) Request() (method, url string) {
	for _, c := range [...]struct{ method, url string }{
		{"GET", s.Get}, {"HEAD", s.Head}, {"POST", s.Post}, {"PUT", s.Put}, {"PATCH", s.Patch}, {"DELETE", s.Delete},
	} {
		if c.url != "" {
			return c.method, c.url
		}
	}
	return "", ""
}

// Bind says how the object of a revoke is known to be the leaked key.
type Bind string

// The bindings. There is no other: "the first of a list" is none.
const (
	BindValue   Bind = "value"     // the request carries the key itself
	BindSelf    Bind = "self"      // the issuer takes the credential of the request as the object
	BindIDInKey Bind = "id-in-key" // the id is a part of the key
	BindEchoed  Bind = "echoed"    // the issuer told the id when the key was presented
	BindMatched Bind = "matched"   // exactly one listed key has this value, prefix, suffix and creation time
)

// Conditions hold when any one of them holds.
type Conditions []Condition

// Condition holds when every field that is set holds.
type Condition struct {
	// Status is the set of HTTP status codes.
	Status []int `yaml:"status,omitempty"`
	// Contains is a substring of the body.
	Contains string `yaml:"contains,omitempty"`
	// Lacks is a substring that the body does not have.
	Lacks string `yaml:"lacks,omitempty"`
	// JSON maps a JSON path to the set of values, as JSON scalars in text, one of which it has ("true", "active", "*"
	// for any value that is not null).
	JSON map[string][]string `yaml:"json,omitempty"`
	// Header maps a header's name to a substring of its value.
	Header map[string]string `yaml:"header,omitempty"`
}

// Events says where a review reply keeps its events. All but List are paths inside one event.
type Events struct {
	List   string `yaml:"list"`
	Time   string `yaml:"time"`
	Actor  string `yaml:"actor,omitempty"`
	Action string `yaml:"action,omitempty"`
	Object string `yaml:"object,omitempty"`
	IP     string `yaml:"ip,omitempty"`
}

// ReplyExample is a recorded reply and what must be read from it.
type ReplyExample struct {
	Reply Reply `yaml:"reply"`
	// Want is active, inactive or unknown for a verify; done, requested or failed for a revoke; a number of events for a
	// review.
	Want string `yaml:"want"`
	// Capture are captured values that must come out.
	Capture map[string]string `yaml:"capture,omitempty"`
}

// Reply is a recorded HTTP reply.
type Reply struct {
	Status int               `yaml:"status"`
	Header map[string]string `yaml:"header,omitempty"`
	Body   string            `yaml:"body,omitempty"`
}

// Span bounds what a rule looks at around a keyword, in bytes.
type Span struct {
	// Match is the greatest length of a match.
	Match int
	// Context is how far beside a match the rule's near parts may stand.
	Context int
}

// Set is loaded rules. It is immutable and safe for concurrent use.
type Set struct {
	rules   []*Outline // sorted by ID
	byID    map[string]*Outline
	files   []*held
	version func() string
}

// All yields the rules sorted by ID, whole. Who needs only their outlines has them sooner from [Set.Outlines].
func (s *Set) All() iter.Seq[*Rule] {
	return func(yield func(*Rule) bool) {
		for _, o := range s.rules {
			if !yield(o.Rule()) {
				return
			}
		}
	}
}

// Outlines yields the outlines of the rules sorted by ID.
func (s *Set) Outlines() iter.Seq[*Outline] { return slices.Values(s.rules) }

// Len is the number of rules.
func (s *Set) Len() int { return len(s.rules) }

// Rule returns the rule with exactly this ID.
func (s *Set) Rule(id string) (*Rule, bool) {
	o, ok := s.byID[id]
	if !ok {
		return nil, false
	}
	return o.Rule(), true
}

// Version names the content of the set: two sets with the same rules have the same version.
func (s *Set) Version() string { return s.version() }
