package provider

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/revoker/provider/internal/login"
	"github.com/quash-sh/quash/scanner"
)

// issued is a certificate of an authority, and its key, as a kubeconfig holds them.
func issued(t *testing.T, authority *x509.Certificate, by *ecdsa.PrivateKey) (certificate, key string) {
	t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "ann"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if authority == nil {
		authority, by = form, own
	}
	der, err := x509.CreateCertificate(rand.Reader, form, authority, own.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(own)
	if err != nil {
		t.Fatal(err)
	}
	text := func(label string, der []byte) string {
		return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
	}
	return text("CERTIFICATE", der), text("EC PRIVATE KEY", private)
}

// cluster is a Kubernetes API server that knows the certificates of one authority.
func cluster(t *testing.T, lax bool) (at string, authority *x509.Certificate, by *ecdsa.PrivateKey) {
	t.Helper()
	by, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, form, form, by.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	if authority, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := r.TLS.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
		if r.Method != http.MethodGet || r.URL.Path != mutualPath || err != nil && !lax {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"kind":"Status","status":"Failure","message":"Unauthorized","reason":"Unauthorized","code":401}`)
			return
		}
		_, _ = io.WriteString(w, `{"kind":"APIVersions","versions":["v1"]}`)
	}))
	s.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "https://"), authority, by
}

// TestMutual: the certificate of a kubeconfig is checked at its cluster, once the operator named the host.
func TestMutual(t *testing.T) {
	set := builtin(t)
	at, authority, by := cluster(t, false)
	lax, _, _ := cluster(t, true)
	certificate, key := issued(t, authority, by)
	foreign, foreignKey := issued(t, nil, nil)
	for name, tc := range map[string]struct {
		at, certificate, key string
		hosts                []string
		want                 revoker.Validity
		reason               string
	}{
		"known":        {at, certificate, key, []string{"127.0.0.1"}, revoker.Active, "it knows the client, over a connection that nobody vouches for; with a certificate that nobody issued it refused"},
		"foreign":      {at, foreign, foreignKey, []string{"127.0.0.1"}, revoker.Inactive, "refused the certificate"},
		"anybody":      {lax, certificate, key, []string{"127.0.0.1"}, revoker.Unknown, "another key too"},
		"no pair":      {at, certificate, foreignKey, []string{"127.0.0.1"}, revoker.Unknown, "no pair"},
		"not listed":   {at, certificate, key, nil, revoker.Unknown, "network.logins"},
		"nobody there": {"127.0.0.1:1", certificate, key, []string{"127.0.0.1"}, revoker.Unknown, "connection refused"},
	} {
		f := scanner.Finding{ID: "q-0000000000000001", Rule: "kubernetes-client-key", Parts: map[string]scanner.Secret{
			"server": scanner.NewSecret(tc.at), "certificate": scanner.NewSecret(tc.certificate), "token": scanner.NewSecret(tc.key),
		}}
		v, err := loginTo(t, set, nil, tc.hosts...).Provider(f.Rule).Verifier.Verify(t.Context(), f)
		kept, bad := json.Marshal(v)
		if err != nil || bad != nil || strings.Contains(string(kept), tc.key) || strings.Contains(string(kept), tc.certificate) {
			t.Errorf("%s: %v, or the verdict holds the key", name, err)
		}
		if v.Validity != tc.want || !strings.Contains(v.Reason, tc.reason) {
			t.Errorf("%s: %s (%s), want %s with %q", name, v.Validity, v.Reason, tc.want, tc.reason)
		}
	}
}

// TestReadMutual: what API servers and others answer.
func TestReadMutual(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		body   string
		want   login.Result
	}{
		"versions":             {200, `{"kind":"APIVersions"}`, login.Accepted},
		"may not read":         {403, `{"kind":"Status","message":"forbidden: User \"ann\" cannot get path \"/api\""}`, login.Accepted},
		"stranger":             {403, `{"kind":"Status","message":"forbidden: User \"system:anonymous\" cannot get path \"/api\""}`, login.Unclear},
		"dead":                 {401, `{"kind":"Status","message":"Unauthorized"}`, login.Refused},
		"401 of another":       {401, `{"error":"no"}`, login.Unclear},
		"page":                 {200, `<html>`, login.Unclear},
		"another JSON":         {200, `{}`, login.Unclear},
		"broken":               {500, `{"kind":"Status"}`, login.Unclear},
		"redirect with a body": {302, `{"kind":"APIVersions"}`, login.Unclear},
	} {
		if got, why := readMutual(tc.status, []byte(tc.body)); got != tc.want || why == "" {
			t.Errorf("%s: %d (%s), want %d", name, got, why, tc.want)
		}
	}
}
