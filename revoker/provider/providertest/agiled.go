package providertest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Agiled simulates the documented public API of Agiled for several organizations, each with several keys.
//
// What Agiled documents is served as documented: GET /public/v1/me, the lists with page, per_page, sort_by (with the
// silent fallback), the contacts' filters, single records, webhook subscriptions and deliveries, the errors, 60 reads and
// 30 writes a minute for each key with Retry-After, Idempotency-Key for 30 days, keys that end after 90 days. What it
// does not document (record fields, ability names, the texts of most errors, the status of a create) is this
// simulator's own choice and nothing may rest on it; options vary it.
//
// Two things here are not Agiled's and never said to be: the path /simulator/operator/keys/revoke, which stands for an
// operator's own service, and the methods that play the person in Agiled's settings page. GET /api/v1/users is the probe
// of the legacy API, known from third-party clients only.
//
// Nothing is sent by the simulator: a webhook subscription is kept, not served. An Agiled is an http.Handler, safe for
// concurrent use; with the same seed and the same calls it holds the same data.
type Agiled struct {
	o AgiledOptions

	mu     sync.Mutex
	rand   *rand.Rand
	orgs   []*agiledOrg
	keys   []*agiledKey
	lag    AgiledLag
	faults []*AgiledFault
	calls  []AgiledCall
	// stored are replies by idempotency scope, recent the times of counted requests by key and action.
	stored map[string]agiledStored
	recent map[string][]time.Time
	orders int
}

// AgiledOptions tune an [Agiled]. The zero value is the documented behaviour on the real clock.
type AgiledOptions struct {
	// Seed decides every generated value.
	Seed uint64
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
	// Operator is the credential of the operator's revoke service. Empty: a generated one, see [Agiled.Operator].
	Operator string
	// Sorts are the sort fields by list ("deals": {"updated_at"}) that replace the default ones. Agiled documents them
	// for contacts only. By default half of the other lists know updated_at and half fall back.
	Sorts map[string][]string
	// TimeFormat is the time layout by list, as in package time. Default: ISO 8601 in UTC with milliseconds.
	TimeFormat map[string]string
	// Me names the members that GET /me tells. Nil: abilities, organization, user, token_id.
	Me []string
}

// The ability presets that Agiled documents.
const (
	AgiledFullAccess = "Full access"
	AgiledReadOnly   = "Read only"
)

// The documented limits and lifetimes.
const (
	agiledReads       = 60
	agiledWrites      = 30
	agiledKeyLife     = 90 * 24 * time.Hour
	agiledStoredLife  = 30 * 24 * time.Hour
	agiledTokenLength = 48
)

// AgiledOrganization is an organization. A key belongs to exactly one.
type AgiledOrganization struct{ ID, Name string }

// AgiledKey is an API key as its owner sees it at creation. It prints as its name.
type AgiledKey struct {
	// Name is what the settings page lists.
	Name string
	// Organization is the organization's ID.
	Organization string
	// Preset is AgiledFullAccess (the default) or AgiledReadOnly.
	Preset string
	// Abilities replace the preset's: "read", "write", or "invoices:read" and "invoices:write" for one list.
	Abilities []string
	// Token is the key. Empty: a generated one.
	Token string
	// ID is what GET /me tells as token_id. Empty: a generated one.
	ID string
	// Legacy marks a token of the legacy API, which answers only together with Brand, the account's URL.
	Legacy bool
	Brand  string
	// Created is the time of creation; zero is now. Expires is 90 days later.
	Created, Expires time.Time
}

// String returns the key's name.
func (k AgiledKey) String() string { return k.Name }

// AgiledLag delays the effect of a revoke: the key is still accepted for so many further requests, and for so long.
type AgiledLag struct {
	Looks int
	For   time.Duration
}

// agiledKey is a key and what became of it.
type agiledKey struct {
	AgiledKey
	revoked time.Time
	looks   int
	linger  time.Duration
}

// agiledOrg is an organization and its records by list.
type agiledOrg struct {
	AgiledOrganization
	noAPI   bool
	records map[string][]*agiledRecord
}

// NewAgiled returns a simulator without organizations.
func NewAgiled(o AgiledOptions) *Agiled {
	if o.Now == nil {
		o.Now = time.Now
	}
	a := &Agiled{
		o: o, rand: rand.New(rand.NewPCG(o.Seed, 0x61676c64)),
		stored: map[string]agiledStored{}, recent: map[string][]time.Time{},
	}
	if a.o.Operator == "" {
		a.o.Operator = a.token()
	}
	return a
}

// Operator returns the credential of the operator's revoke service.
func (a *Agiled) Operator() string { return a.o.Operator }

// AddOrganization makes an organization.
func (a *Agiled) AddOrganization(name string) AgiledOrganization {
	a.mu.Lock()
	defer a.mu.Unlock()
	org := &agiledOrg{AgiledOrganization: AgiledOrganization{ID: a.uuid(a.o.Now()), Name: name}, records: map[string][]*agiledRecord{}}
	a.orgs = append(a.orgs, org)
	return org.AgiledOrganization
}

// AddKey makes a key in k.Organization and returns it with every field set.
func (a *Agiled) AddKey(k AgiledKey) AgiledKey {
	a.mu.Lock()
	defer a.mu.Unlock()
	if k.Created.IsZero() {
		k.Created = a.o.Now()
	}
	if k.Preset == "" {
		k.Preset = AgiledFullAccess
	}
	if k.Abilities == nil {
		k.Abilities = presetAbilities(k.Preset)
	}
	if k.Token == "" {
		k.Token = a.token()
	}
	if k.ID == "" {
		k.ID = a.uuid(k.Created)
	}
	k.Expires = k.Created.Add(agiledKeyLife)
	a.keys = append(a.keys, &agiledKey{AgiledKey: k})
	return k
}

func presetAbilities(preset string) []string {
	if preset == AgiledReadOnly {
		return []string{"read"}
	}
	return []string{"read", "write"}
}

// DenyAPI sets whether the organization's plan lacks API access; then every valid key is answered 403.
func (a *Agiled) DenyAPI(organization string, deny bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if org := a.org(organization); org != nil {
		org.noAPI = deny
	}
}

// SetLag delays the effect of revokes from now on.
func (a *Agiled) SetLag(l AgiledLag) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lag = l
}

// RevokeInUI is the person who opens Settings > API, finds the key by its name, presses Revoke and confirms. It is an
// error when no key or more than one that is not revoked has the name.
func (a *Agiled) RevokeInUI(name string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	found := a.find(func(k *agiledKey) bool { return k.Name == name && k.revoked.IsZero() })
	if len(found) != 1 {
		return fmt.Errorf("revoke key %q in the settings page: %d keys have this name", name, len(found))
	}
	a.revoke(found[0])
	return nil
}

// Revoked returns when the key was revoked; zero when it was not.
func (a *Agiled) Revoked(token string) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, k := range a.find(func(k *agiledKey) bool { return k.Token == token }) {
		return k.revoked
	}
	return time.Time{}
}

func (a *Agiled) revoke(k *agiledKey) {
	k.revoked, k.looks, k.linger = a.o.Now(), a.lag.Looks, a.lag.For
}

func (a *Agiled) find(match func(*agiledKey) bool) []*agiledKey {
	var found []*agiledKey
	for _, k := range a.keys {
		if match(k) {
			found = append(found, k)
		}
	}
	return found
}

func (a *Agiled) org(id string) *agiledOrg {
	for _, org := range a.orgs {
		if org.ID == id {
			return org
		}
	}
	return nil
}

// accepts reports whether the key works now, and uses up a look of a revoked key that lingers.
func (a *Agiled) accepts(k *agiledKey) bool {
	now := a.o.Now()
	switch {
	case !now.Before(k.Expires):
		return false
	case k.revoked.IsZero():
		return true
	case k.looks > 0:
		k.looks--
		return true
	}
	return now.Before(k.revoked.Add(k.linger))
}

// may reports whether the key has an ability over a list.
func (k *agiledKey) may(list, action string) bool {
	return slices.Contains(k.Abilities, action) || slices.Contains(k.Abilities, list+":"+action)
}

// token makes a key: letters and digits, without a prefix, for none is documented.
func (a *Agiled) token() string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, agiledTokenLength)
	for i := range b {
		b[i] = alphabet[a.rand.IntN(len(alphabet))]
	}
	return string(b)
}

// uuid makes a time-ordered UUID (version 7).
func (a *Agiled) uuid(t time.Time) string {
	hi, lo := a.rand.Uint64(), a.rand.Uint64()
	return fmt.Sprintf("%08x-%04x-7%03x-%04x-%012x",
		uint32(t.UnixMilli()>>16), uint16(t.UnixMilli()), hi&0xfff, 0x8000|hi>>12&0x3fff, lo&0xffffffffffff)
}

// AgiledFingerprint names a key in the request log: the first 12 hex digits of its SHA-256.
func AgiledFingerprint(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:6])
}
