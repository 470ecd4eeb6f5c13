package service

import (
	"bytes"
	"context"
	"crypto/hmac"
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/quash-sh/quash/cmd/quash/internal/jobs"
	"github.com/quash-sh/quash/store"
	"github.com/rs/zerolog"
	"golang.org/x/sync/semaphore"
)

// MaxBody is the greatest length in bytes of a delivery's body
// (https://docs.github.com/en/webhooks/webhook-events-and-payloads: payloads are capped at 25 MB).
const MaxBody = 25 << 20

const (
	// held is how many bytes of bodies are held at once, by all requests together.
	held = 8 * MaxBody
	// leastHeld is what a request counts for at the least.
	leastHeld = 64 << 10
	// recordTime is how long recording a delivery may take: GitHub gives up after 10 s.
	recordTime = 8 * time.Second
)

// Queue takes what deliveries ask for. jobs.Runner is one.
type Queue interface {
	Push(ctx context.Context, tx *sql.Tx, p jobs.Push) (fresh bool, err error)
	Reconcile(ctx context.Context, of jobs.Repository) error
}

// Deliveries remembers deliveries. store.Store does.
type Deliveries interface {
	SeenDelivery(ctx context.Context, id string, at time.Time, accept func(*sql.Tx) error) (first bool, err error)
	Delivery(ctx context.Context, id string) (store.Delivery, error)
	SetOutcome(ctx context.Context, id, outcome string) error
}

// Receiver takes the deliveries of GitHub webhooks.
type Receiver struct {
	// Secrets are those that sign, any of which will do: two while one is replaced by another.
	Secrets [][]byte
	// Deliveries and Queue are where what comes in is recorded.
	Deliveries Deliveries
	Queue      Queue
	// Now is the time.
	Now func() time.Time
	// Log is where lines go; nothing of a request that was not checked stands in them.
	Log zerolog.Logger
	// Observe is told of every request: its event, how it was answered, and how long that took. nil is told nothing.
	Observe func(event, status string, took time.Duration)

	room *semaphore.Weighted
}

// NewReceiver checks that there are secrets.
func NewReceiver(r Receiver) (*Receiver, error) {
	for _, s := range r.Secrets {
		if len(bytes.TrimSpace(s)) == 0 {
			return nil, ErrNoSecret
		}
	}
	if len(r.Secrets) == 0 {
		return nil, ErrNoSecret
	}
	r.room = semaphore.NewWeighted(held)
	return &r, nil
}

// ErrNoSecret says that there is no secret, without which nobody could tell a delivery from a forgery.
var ErrNoSecret = errors.New("serve needs a webhook secret: set webhook.secret_file, or QUASH_WEBHOOK_SECRET")

// refusal is why a request is not taken.
type refusal struct {
	status int
	why    string
}

// Error implements error.
func (r *refusal) Error() string { return r.why }

func refuse(status int, why string) error { return &refusal{status, why} }

// The ways in which a delivery is answered with 202.
const (
	accepted  = "accepted"
	duplicate = "duplicate"
	ignored   = "ignored"
)

// ServeHTTP implements http.Handler.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	started := time.Now()
	d, err := r.read(w, req)
	status := ""
	if err == nil {
		status, err = r.take(req.Context(), d)
	}
	code := http.StatusAccepted
	if err != nil {
		code, status = r.refused(w, err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]string{"status": status}) // who does not listen is not told
	line := r.Log.Info()
	if err != nil {
		line = r.Log.Warn().Err(err)
	}
	line.Str("event", known(d.event)).Str("delivery", d.id).Int("code", code).Dur("took", time.Since(started)).Msg("delivery " + status)
	if r.Observe != nil {
		if err != nil {
			status = http.StatusText(code)
		}
		r.Observe(known(d.event), status, time.Since(started))
	}
}

// refused words an error for whoever sent the request. The causes of our own are for the log alone.
func (r *Receiver) refused(w http.ResponseWriter, err error) (int, string) {
	var no *refusal
	if errors.As(err, &no) {
		return no.status, no.why
	}
	w.Header().Set("Retry-After", "60")
	return http.StatusServiceUnavailable, "the delivery could not be recorded; send it again"
}

// delivery is a request that was checked.
type delivery struct {
	id, event string
	payload   []byte
}

// read checks a request from the outside in.
func (r *Receiver) read(w http.ResponseWriter, req *http.Request) (d delivery, err error) {
	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return d, refuse(http.StatusMethodNotAllowed, "deliveries are sent with POST")
	}
	kind, _, _ := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if kind != "application/json" && kind != "application/x-www-form-urlencoded" {
		return d, refuse(http.StatusUnsupportedMediaType, "the content type is neither application/json nor application/x-www-form-urlencoded")
	}
	event, id := req.Header.Get(github.EventTypeHeader), req.Header.Get(github.DeliveryIDHeader)
	if event == "" || !isWord(id, "-") {
		return d, refuse(http.StatusBadRequest, "X-GitHub-Event or X-GitHub-Delivery is missing, or not one")
	}
	body, err := r.body(w, req)
	if err != nil {
		return d, err
	}
	payload, err := r.signed(kind, body, req.Header.Get(github.SHA256SignatureHeader))
	if err != nil {
		return d, err
	}
	return delivery{id, event, payload}, nil
}

// body reads the body, if there is room for it.
func (r *Receiver) body(w http.ResponseWriter, req *http.Request) ([]byte, error) {
	size := req.ContentLength
	if size > MaxBody {
		return nil, refuse(http.StatusRequestEntityTooLarge, "the body is longer than 25 MB")
	}
	if size < 0 {
		size = MaxBody
	}
	size = max(size, leastHeld)
	ctx, cancel := context.WithTimeout(req.Context(), recordTime)
	defer cancel()
	if err := r.room.Acquire(ctx, size); err != nil {
		return nil, errors.New("too many deliveries at once")
	}
	defer r.room.Release(size)
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, MaxBody))
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return nil, refuse(http.StatusRequestEntityTooLarge, "the body is longer than 25 MB")
	case err != nil:
		return nil, refuse(http.StatusBadRequest, "the body ended early")
	}
	return body, nil
}

// signed returns the payload of a body that one of the secrets signed. Every secret is tried, so that the time tells nothing of
// which.
func (r *Receiver) signed(kind string, body []byte, signature string) ([]byte, error) {
	var payload []byte
	if strings.HasPrefix(signature, "sha256=") { // go-github would take SHA-1, too
		for _, secret := range r.Secrets {
			p, err := github.ValidatePayloadFromBody(kind, bytes.NewReader(body), signature, secret)
			if err == nil && payload == nil {
				payload = p
			}
		}
	}
	if payload == nil {
		return nil, refuse(http.StatusUnauthorized, "X-Hub-Signature-256 is not the signature of this body under the webhook's secret")
	}
	return payload, nil
}

// Sign returns the X-Hub-Signature-256 of a body: for tests, and for whoever writes a sender.
func Sign(secret, body []byte) string { return sign(hmac.New, secret, body) }

// take records a delivery with what it asks for.
func (r *Receiver) take(ctx context.Context, d delivery) (string, error) {
	ask, err := parse(d)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, recordTime)
	defer cancel()
	if len(ask.reconcile) > 0 {
		return r.reconcile(ctx, d, ask.reconcile)
	}
	if ask.push == nil {
		return ignored, nil
	}
	fresh := false
	enqueue := func(tx *sql.Tx) (err error) {
		fresh, err = r.Queue.Push(ctx, tx, *ask.push)
		return err
	}
	first, err := r.Deliveries.SeenDelivery(ctx, d.id, r.Now(), enqueue)
	if err == nil && !first {
		err = r.again(ctx, d, enqueue)
	}
	switch {
	case err != nil:
		return "", err
	case fresh:
		return accepted, nil
	}
	return duplicate, nil
}

// again takes a delivery that was seen before: its job is enqueued once more when it is not there and did not succeed.
func (r *Receiver) again(ctx context.Context, d delivery, enqueue func(*sql.Tx) error) error {
	past, err := r.Deliveries.Delivery(ctx, d.id)
	switch {
	case err != nil:
		return err
	case past.Outcome == "":
		return enqueue(nil) // under way, or cut short: the job is unique
	case past.Outcome != jobs.OutcomeFailed:
		return nil
	}
	if err := r.Deliveries.SetOutcome(ctx, d.id, ""); err != nil {
		return err
	}
	return enqueue(nil)
}

// reconcile wakes the reconcile jobs of repositories. Waking one twice does no harm, so it comes before the record.
func (r *Receiver) reconcile(ctx context.Context, d delivery, all []jobs.Repository) (string, error) {
	past, err := r.Deliveries.Delivery(ctx, d.id)
	if err == nil && past.Outcome != "" {
		return duplicate, nil
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", err
	}
	for _, of := range all {
		if err := r.Queue.Reconcile(ctx, of); err != nil {
			return "", err
		}
	}
	if _, err := r.Deliveries.SeenDelivery(ctx, d.id, r.Now(), nil); err != nil {
		return "", err
	}
	return accepted, r.Deliveries.SetOutcome(ctx, d.id, "reconcile")
}
