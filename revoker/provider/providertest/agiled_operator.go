package providertest

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// AgiledRevokePath is the simulator's own path, not Agiled's. It stands for a service of the operator that revokes keys,
// since Agiled documents no request that does.
//
// POST it with the operator's credential as Bearer and a JSON object that names one key by name, token_id or token, and
// optionally its organization (ID). It answers 202 when the key is now revoked or was before, 404 when there is no such
// key and 409 when several have the name. Idempotency-Key works as it does in Agiled's API.
const AgiledRevokePath = "/simulator/operator/keys/revoke"

func (a *Agiled) operatorRevoke(in *agiledRequest) agiledReply {
	if subtle.ConstantTimeCompare([]byte(in.token), []byte(a.o.Operator)) != 1 {
		return agiledError(http.StatusUnauthorized, "The operator's credential is wrong.")
	}
	if in.method != http.MethodPost {
		return agiledError(http.StatusNotFound, "Not found.")
	}
	return a.once(in, "operator", func() agiledReply { return a.order(in.body) })
}

// order carries out one order to revoke.
func (a *Agiled) order(body []byte) agiledReply {
	var o struct {
		Name         string `json:"name"`
		ID           string `json:"token_id"`
		Token        string `json:"token"`
		Organization string `json:"organization"`
	}
	if err := json.Unmarshal(body, &o); err != nil {
		return agiledError(http.StatusBadRequest, "The body is not valid JSON.")
	}
	if o.Name+o.ID+o.Token == "" {
		return agiledError(http.StatusUnprocessableEntity, "Name the key by name, token_id or token.")
	}
	fits := func(want, is string) bool { return want == "" || want == is }
	found := a.find(func(k *agiledKey) bool {
		return fits(o.Name, k.Name) && fits(o.ID, k.ID) && fits(o.Token, k.Token) && fits(o.Organization, k.Organization)
	})
	switch len(found) {
	case 0:
		return agiledError(http.StatusNotFound, "No such key.")
	case 1:
	default:
		return agiledError(http.StatusConflict, "Several keys fit; nothing was revoked.")
	}
	if found[0].revoked.IsZero() {
		a.revoke(found[0])
	}
	a.orders++
	return agiledData(http.StatusAccepted, map[string]string{"reference": fmt.Sprintf("REV-%d", a.orders)})
}

// legacyUsers serves the probe of the legacy API as third-party clients describe it: the token in the query, the
// account's URL in the header Brand.
func (a *Agiled) legacyUsers(in *agiledRequest) agiledReply {
	brand := strings.TrimSuffix(in.header.Get("Brand"), "/")
	for _, k := range a.find(func(k *agiledKey) bool { return k.Legacy && k.Token == in.token && k.Brand == brand }) {
		if a.accepts(k) {
			return agiledJSON(http.StatusOK, map[string]any{"status": "success", "data": []any{}})
		}
	}
	return agiledJSON(http.StatusUnauthorized, map[string]string{"message": "Unauthenticated"})
}
