package provider

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"time"

	"github.com/quash-sh/quash/revoker/provider/internal/login"
	"github.com/quash-sh/quash/scanner"
)

// A Kubernetes API server knows a client by a certificate, whose key proves itself in the TLS handshake and is not sent. What a
// client may do is asked for afterwards, so the list of API groups, which every known client may read, tells a known client from
// others: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#x509-client-certificates. A server that also takes
// strangers names them system:anonymous.
const (
	mutualPath = "/api"
	anonymous  = "system:anonymous"
)

// mutual asks a Kubernetes API server whether it knows the client of a certificate. As with databases, a server's certificate that is
// not valid for the host is noted and does not end the check.
func (l *logins) mutual(ctx context.Context, to target) (login.Answer, error) {
	pair, err := readPair(to.certificate, to.key)
	if err != nil {
		return login.Answer{Why: "the certificate and its key cannot be read, or are no pair"}, nil
	}
	var answer login.Answer
	t := newTransport(nil, l.sim, nil)
	t.DialContext = l.dial()
	roots := t.TLSClientConfig.RootCAs
	t.TLSClientConfig.Certificates, t.TLSClientConfig.InsecureSkipVerify = []tls.Certificate{pair}, true
	t.TLSClientConfig.VerifyConnection = func(state tls.ConnectionState) error {
		answer.Trusted = login.Vouches(state, to.host, roots)
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, to.origin()+mutualPath, nil)
	if err != nil {
		return answer, err
	}
	req.Header.Set("User-Agent", l.client.agent)
	res, err := t.RoundTrip(req)
	if err != nil {
		return answer, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(http.MaxBytesReader(nil, res.Body, maxReply))
	if err != nil {
		return answer, err
	}
	answer.Result, answer.Why = readMutual(res.StatusCode, body)
	return answer, nil
}

// readMutual reads the answer of a Kubernetes API server, which is a Status or a list of versions.
func readMutual(status int, body []byte) (login.Result, string) {
	var said struct{ Kind, Message string }
	answered := fmt.Sprintf("answered %d", status)
	if json.Unmarshal(body, &said) != nil {
		return login.Unclear, answered + ": something else than a Kubernetes API server answered"
	}
	forbidden := said.Kind == "Status" && status == http.StatusForbidden
	switch {
	case forbidden && strings.Contains(said.Message, anonymous):
		return login.Unclear, answered + " to a stranger: the server does not look at certificates"
	case forbidden, status == http.StatusOK && said.Kind == "APIVersions":
		return login.Accepted, answered + ": it knows the client"
	case status == http.StatusUnauthorized && said.Kind == "Status":
		return login.Refused, "refused the certificate with 401"
	}
	return login.Unclear, answered + ", which says nothing of the certificate"
}

// readPair reads a certificate and its key, which a kubeconfig holds as PEM in base64.
func readPair(certificate, key string) (tls.Certificate, error) {
	c, err := base64.StdEncoding.DecodeString(certificate)
	if err != nil {
		return tls.Certificate{}, err
	}
	k, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(c, k)
}

// stranger is the finding with a certificate that nobody issued in place of its own: the control of a check by certificate.
func stranger(f scanner.Finding, now time.Time) (scanner.Finding, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return f, err
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	form.Subject.CommonName = "quash-control"
	certificate, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		return f, err
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return f, err
	}
	text := func(label string, der []byte) scanner.Secret {
		return scanner.NewSecret(base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})))
	}
	f.Parts = maps.Clone(f.Parts)
	f.Parts["certificate"] = text("CERTIFICATE", certificate)
	f.Parts["token"] = text("EC PRIVATE KEY", private)
	return f, nil
}
