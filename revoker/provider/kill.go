package provider

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/quash-sh/quash/revoker"
)

// killTimeout bounds one question to a kill endpoint.
const killTimeout = 3 * time.Second

// KillEndpoint is a kill switch at a URL: GET must answer 200 with the body "go", give or take white space. Any other
// answer, a redirect, a time-out after 3 s and no answer at all mean stop. The URL is https, or http at a loopback
// address; no proxy is used. The request carries no credential, and any address is dialled, since the operator names it.
func KillEndpoint(endpoint string) (revoker.KillSwitch, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return nil, errors.New(`kill.endpoint: not a URL without user info; write it like "https://ops.example.com/quash"`)
	}
	at, err := netip.ParseAddr(u.Hostname())
	if u.Scheme != "https" && (u.Scheme != "http" || err != nil || !at.IsLoopback()) {
		return nil, errors.New("kill.endpoint: plain http; use https, or a loopback address")
	}
	caller := &http.Client{
		Timeout:       killTimeout,
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(ctx context.Context) error {
		if err := saysGo(ctx, caller, endpoint); err != nil {
			return fmt.Errorf("endpoint at %s: %w", u.Host, err)
		}
		return nil
	}, nil
}

// saysGo asks the endpoint once.
func saysGo(ctx context.Context, caller *http.Client, endpoint string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint, nil)
	if err != nil {
		return errors.New("the request cannot be made, which counts as on")
	}
	res, err := caller.Do(req)
	if err != nil {
		return errors.New("no answer, which counts as on")
	}
	defer res.Body.Close()
	body, err := io.ReadAll(http.MaxBytesReader(nil, res.Body, 64))
	switch {
	case err != nil:
		return errors.New("the answer broke off or is long, which counts as on")
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("answered %d, which counts as on", res.StatusCode)
	case strings.TrimSpace(string(body)) != "go":
		return errors.New(`the answer is not "go"`)
	}
	return nil
}
