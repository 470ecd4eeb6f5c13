package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/quash-sh/quash/cmd/quash/internal/forge/forgetest"
	"github.com/quash-sh/quash/revoker/provider/providertest"
	"github.com/rogpeppe/go-internal/testscript"
)

// hub starts a GitHub on loopback that tells what a file says, and names it in $GITHUB_API_URL: hub FILE. The file holds the fields of
// forgetest.Records.
func hub(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hub FILE")
	}
	var r forgetest.Records
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &r))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !r.Answer(w, req) {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	ts.Defer(server.Close)
	ts.Setenv("GITHUB_API_URL", server.URL)
}

// tickets starts an Agiled on loopback with a ticket for each line of a file, and names it in $AGILED and a key in $AGILED_REVIEW:
// tickets FILE.
func tickets(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: tickets FILE")
	}
	a := providertest.NewAgiled(providertest.AgiledOptions{Seed: 1})
	org := a.AddOrganization("Acme GmbH")
	at := time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		a.SetField(org.ID, "tickets", a.AddRecord(org.ID, "tickets", at, at), "description", strings.TrimSpace(line))
	}
	server := httptest.NewServer(a)
	ts.Defer(server.Close)
	ts.Setenv("AGILED", server.URL)
	ts.Setenv("AGILED_REVIEW", a.AddKey(providertest.AgiledKey{Name: "review", Organization: org.ID, Preset: providertest.AgiledReadOnly}).Token)
}
