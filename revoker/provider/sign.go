package provider

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/quash-sh/quash/rules"
)

// sign adds the headers of AWS Signature Version 4 to a call that is otherwise complete.
func (r *renderer) sign(s *rules.Signature, q *call) {
	value := func(template string) string { return r.expand(template, r.value(inHeader), r.headerValue) }
	key := aws.Credentials{AccessKeyID: value(s.ID), SecretAccessKey: value(s.Secret)}
	if s.Session != "" {
		key.SessionToken = value(s.Session)
	}
	if r.err != nil {
		return
	}
	req, err := http.NewRequest(q.method, q.url, bytes.NewReader(q.body))
	if err != nil {
		r.fail("the request's URL cannot be read")
		return
	}
	req.Header = q.header
	sum := sha256.Sum256(q.body)
	payload := hex.EncodeToString(sum[:])
	if s.Service == "s3" {
		req.Header.Set("X-Amz-Content-Sha256", payload)
	}
	err = v4.NewSigner().SignHTTP(context.Background(), key, req, payload, s.Service, s.Region, r.flow.client.clock.Now())
	if err != nil {
		r.fail("the request cannot be signed")
	}
}
