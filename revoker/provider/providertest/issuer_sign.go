package providertest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/quash-sh/quash/rules"
)

// signed reports whether the request is signed with the issuer's key, where its step wants that.
func (i *Issuer) signed(step *rules.Step, in *Request, u *url.URL) bool {
	switch {
	case step.Sign != nil:
		return i.signedV4(step.Sign, in, u)
	case step.Digest != "":
		return i.digested(step.Digest, in, u)
	case step.JWT != nil:
		return i.asserted(step.JWT, in, u)
	}
	return true
}

// signedV4 signs the request anew and compares.
func (i *Issuer) signedV4(s *rules.Signature, in *Request, u *url.URL) bool {
	got := in.Header.Get("Authorization")
	at, err := time.Parse("20060102T150405Z", in.Header.Get("X-Amz-Date"))
	req, bad := http.NewRequest(in.Method, "https://"+in.Host+u.RequestURI(), bytes.NewReader(in.Body))
	if err != nil || bad != nil {
		return false
	}
	_, names, _ := strings.Cut(got, "SignedHeaders=")
	names, _, _ = strings.Cut(names, ",")
	for _, name := range strings.Split(names, ";") {
		if value := in.Header.Get(name); value != "" {
			req.Header.Set(name, value)
		}
	}
	key := aws.Credentials{AccessKeyID: i.fill(s.ID), SecretAccessKey: i.fill(s.Secret), SessionToken: i.fill(s.Session)}
	sum := sha256.Sum256(in.Body)
	err = v4.NewSigner().SignHTTP(context.Background(), key, req, hex.EncodeToString(sum[:]), s.Service, s.Region, at)
	return err == nil && req.Header.Get("Authorization") == got
}

// fill fills a template with the parts of the issuer's key.
func (i *Issuer) fill(template string) string {
	for _, name := range rules.TemplateNames(template) {
		value := i.sample.Parts[name]
		if name == "token" {
			value = i.sample.Token
		}
		template = strings.ReplaceAll(template, "{{"+name+"}}", value)
	}
	return template
}
