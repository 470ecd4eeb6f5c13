//go:build race

package revoker

// seededRuns is how many seeds the crash test runs under the race detector, which is slow.
const seededRuns = 500
