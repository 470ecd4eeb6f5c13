package providertest_test

import (
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/quash-sh/quash/revoker/provider/providertest"
)

func serve(t *testing.T, h *hands) *providertest.Server {
	s, err := h.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestAgiledStart(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	s := serve(t, h)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.Roots}}}
	for _, origin := range []string{s.URL, s.TLSURL} {
		if !strings.Contains(origin, "://127.0.0.1:") {
			t.Errorf("%s is not loopback", origin)
		}
		req, err := http.NewRequest("GET", origin+"/public/v1/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+h.key.Token)
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != 200 {
			t.Errorf("%s: %d", origin, res.StatusCode)
		}
	}
	client.Transport.(*http.Transport).TLSClientConfig.ServerName = "api.agiled.ai"
	res, err := client.Get(s.TLSURL)
	if err != nil {
		t.Fatal("the certificate is not good for api.agiled.ai:", err)
	}
	_ = res.Body.Close()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(s.URL); err == nil {
		t.Error("it answers after Close")
	}
}

func TestAgiledLostReply(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	s := serve(t, h)
	h.Inject(providertest.AgiledFault{Method: "POST", Lost: true, Times: 1})
	req, err := http.NewRequest("POST", s.URL+providertest.AgiledRevokePath, strings.NewReader(`{"name":"`+h.key.Name+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+h.Operator())
	if res, err := http.DefaultClient.Do(req); err == nil {
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		t.Fatalf("a reply came: %d, %d bytes", res.StatusCode, len(body))
	}
	if h.Revoked(h.key.Token).IsZero() {
		t.Error("the lost request was not acted on")
	}
}

func TestAgiledSlow(t *testing.T) {
	h := agiled(t, providertest.AgiledOptions{})
	s := serve(t, h)
	h.Inject(providertest.AgiledFault{Slow: time.Minute})
	client := &http.Client{Timeout: 50 * time.Millisecond}
	if res, err := client.Get(s.URL + "/public/v1/me"); err == nil {
		_ = res.Body.Close()
		t.Error("it was not slow")
	}
}
