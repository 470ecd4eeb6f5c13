package scanner

import (
	"time"

	"golang.org/x/sys/unix"
)

// worked is how long this thread has worked. What else the machine does is not in it.
func worked() time.Duration {
	var at unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &at); err != nil {
		panic(err) // every Linux has this clock
	}
	return time.Duration(at.Nano())
}
