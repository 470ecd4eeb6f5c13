//go:build !linux

package scanner

import "time"

var began = time.Now()

// worked is the time that has gone by: other systems do not tell that of a thread in one way.
func worked() time.Duration { return time.Since(began) }
