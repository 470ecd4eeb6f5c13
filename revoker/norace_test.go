//go:build !race

package revoker

// seededRuns is how many seeds the crash test runs.
const seededRuns = 10_000
