package providertest

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	agiledAPI     = "/public/v1/"
	agiledMaxBody = 1 << 20
)

// AgiledCall is one request as the log keeps it. No key is in it.
type AgiledCall struct {
	At     time.Time
	Method string
	Path   string
	// Query is the query without api_token.
	Query url.Values
	// Key is the fingerprint of the presented key, see [AgiledFingerprint]; empty when there was none.
	Key string
	// Idempotency is the Idempotency-Key header.
	Idempotency string
	// Mutating says that the method asks for a change.
	Mutating bool
	Status   int
}

// agiledRequest is a request taken apart.
type agiledRequest struct {
	method, path string
	query        url.Values
	header       http.Header
	body         []byte
	token        string
}

func (r *agiledRequest) mutating() bool {
	return r.method != http.MethodGet && r.method != http.MethodHead && r.method != http.MethodOptions
}

// agiledReply is an answer before it is written.
type agiledReply struct {
	status int
	header map[string]string
	body   []byte
}

func agiledJSON(status int, v any) agiledReply {
	body, err := json.Marshal(v)
	if err != nil {
		return agiledError(http.StatusInternalServerError, "Server error.")
	}
	return agiledReply{status: status, header: map[string]string{"Content-Type": "application/json"}, body: body}
}

// agiledError is the documented error shape. The texts of 401 and 403 are documented, the others are ours.
func agiledError(status int, text string) agiledReply {
	return agiledJSON(status, map[string]string{"error": text})
}

func agiledData(status int, v any) agiledReply { return agiledJSON(status, map[string]any{"data": v}) }

// ServeHTTP implements http.Handler.
func (a *Agiled) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, agiledMaxBody))
	if err != nil {
		return
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	in := &agiledRequest{
		method: r.Method, path: r.URL.Path, query: r.URL.Query(), header: r.Header, body: body, token: token,
	}
	if in.query.Has("api_token") {
		in.token = in.query.Get("api_token")
		in.query.Del("api_token")
	}
	fault := a.fault(in)
	if fault.Slow > 0 {
		sleep(r.Context(), fault.Slow)
	}
	out, instead := fault.reply()
	if !instead {
		out = a.answer(in)
	}
	a.record(in, out.status)
	if fault.Lost {
		drop(w)
		return
	}
	for k, v := range out.header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body)
}

func (a *Agiled) record(in *agiledRequest, status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := AgiledCall{
		At: a.o.Now(), Method: in.method, Path: in.path, Query: in.query,
		Idempotency: in.header.Get("Idempotency-Key"), Mutating: in.mutating(), Status: status,
	}
	if in.token != "" {
		c.Key = AgiledFingerprint(in.token)
	}
	a.calls = append(a.calls, c)
}

// Calls returns the request log, oldest first.
func (a *Agiled) Calls() []AgiledCall {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.calls)
}

// answer acts on a request.
func (a *Agiled) answer(in *agiledRequest) agiledReply {
	a.mu.Lock()
	defer a.mu.Unlock()
	if rest, ok := strings.CutPrefix(in.path, agiledAPI); ok {
		return a.public(in, rest)
	}
	switch in.path {
	case AgiledRevokePath:
		return a.operatorRevoke(in)
	case "/api/v1/users":
		return a.legacyUsers(in)
	}
	return agiledError(http.StatusNotFound, "Not found.")
}

// public serves /public/v1: who asks, how often, whether it may, and then what.
func (a *Agiled) public(in *agiledRequest, rest string) agiledReply {
	key := a.authenticate(in)
	if key == nil {
		return agiledError(http.StatusUnauthorized, "Unauthorized.")
	}
	if wait := a.overLimit(key, in.mutating()); wait > 0 {
		return agiledTooMany(wait)
	}
	org := a.org(key.Organization)
	list, id, _ := strings.Cut(rest, "/")
	if org == nil || org.noAPI || !a.permits(key, list, in.mutating()) {
		return agiledError(http.StatusForbidden, "Forbidden.")
	}
	if rest == "me" && in.method == http.MethodGet {
		return a.me(key, org)
	}
	kind, ok := agiledKindOf(list)
	if !ok {
		return agiledError(http.StatusNotFound, "Not found.")
	}
	return a.once(in, org.ID, func() agiledReply { return a.serve(in, org, kind, id) })
}

func (a *Agiled) permits(key *agiledKey, list string, mutating bool) bool {
	if list == "me" {
		return true
	}
	if mutating {
		return key.may(list, "write")
	}
	return key.may(list, "read")
}

// authenticate finds the key of a well-formed Authorization header. Extra spaces make it invalid, as documented.
func (a *Agiled) authenticate(in *agiledRequest) *agiledKey {
	for _, k := range a.find(func(k *agiledKey) bool { return k.Token == in.token && !k.Legacy }) {
		if a.accepts(k) {
			return k
		}
	}
	return nil
}

// overLimit counts a request and returns how long to wait when the minute's share of the key and action is used up.
func (a *Agiled) overLimit(key *agiledKey, mutating bool) time.Duration {
	limit, action := agiledReads, "read"
	if mutating {
		limit, action = agiledWrites, "write"
	}
	now := a.o.Now()
	slot := action + " " + key.Token
	recent := slices.DeleteFunc(a.recent[slot], func(t time.Time) bool { return now.Sub(t) >= time.Minute })
	if len(recent) >= limit {
		a.recent[slot] = recent
		return recent[0].Add(time.Minute).Sub(now)
	}
	a.recent[slot] = append(recent, now)
	return 0
}

func agiledTooMany(wait time.Duration) agiledReply {
	out := agiledError(http.StatusTooManyRequests, "Too many requests.")
	out.header["Retry-After"] = strconv.Itoa(int(math.Ceil(wait.Seconds())))
	return out
}

// agiledStored is the reply to the first successful request with an idempotency key.
type agiledStored struct {
	body  []byte
	reply agiledReply
	at    time.Time
}

// once runs act unless a request with the same idempotency key did: then its reply is given again, or 409 when its body
// was another. The scope is organization, method, path and key.
func (a *Agiled) once(in *agiledRequest, organization string, act func() agiledReply) agiledReply {
	idem := in.header.Get("Idempotency-Key")
	if idem == "" || !in.mutating() {
		return act()
	}
	scope := strings.Join([]string{organization, in.method, in.path, idem}, "\x00")
	old, ok := a.stored[scope]
	if ok && a.o.Now().Sub(old.at) < agiledStoredLife {
		if !bytes.Equal(old.body, in.body) {
			return agiledError(http.StatusConflict, "The idempotency key was used with a different body.")
		}
		return old.reply
	}
	out := act()
	if out.status/100 == 2 {
		a.stored[scope] = agiledStored{in.body, out, a.o.Now()}
	}
	return out
}

func (a *Agiled) me(key *agiledKey, org *agiledOrg) agiledReply {
	full := map[string]any{
		"abilities":    key.Abilities,
		"organization": map[string]string{"id": org.ID, "name": org.Name},
		"user":         map[string]string{"id": "user-" + org.ID, "email": "admin@example.com", "name": "Admin"},
		"token_id":     key.ID,
	}
	for name := range full {
		if a.o.Me != nil && !slices.Contains(a.o.Me, name) {
			delete(full, name)
		}
	}
	return agiledData(http.StatusOK, full)
}
