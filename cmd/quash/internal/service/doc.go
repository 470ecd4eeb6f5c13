// Package service is quash as a service: it takes webhooks, and tells how it is.
//
//	POST /webhooks/github   a delivery of a GitHub webhook
//	GET  /healthz           the process runs
//	GET  /readyz            its database answers; with the jobs that were set aside, as JSON
//	GET  /metrics           for Prometheus
//
// # A delivery
//
// What is checked, in order, and how it is answered when it is not so:
//
//	405  the method is POST
//	415  the content type is application/json or application/x-www-form-urlencoded
//	400  X-GitHub-Event is there, and X-GitHub-Delivery is an id
//	413  the body has at most 25 MB, GitHub's own limit
//	401  X-Hub-Signature-256 is the HMAC-SHA256 of the raw body under one of the secrets (compared in constant time)
//	400  the body is the JSON of the event
//	503  the delivery could be recorded; Retry-After says when to come back
//
// Then the answer is 202, within a second, with {"status": …}: accepted (a job was enqueued), duplicate (the delivery was seen
// before, or its job is there), ignored (nothing is done about this event). A delivery and its job are recorded together, so
// a delivery that was answered with 202 is worked, and one that was not is new when it is sent again. A redelivery whose job was
// set aside is worked again.
//
// Of the body nothing is believed but names of a repository, refs and commits, which must have the form of such; where the
// repository is cloned from, and with which credential, stands in the operator's configuration. No answer repeats anything of a
// request.
//
// There is no service without a secret: go-github takes any request when the secret is empty.
package service
