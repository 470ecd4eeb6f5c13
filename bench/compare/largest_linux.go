package main

import (
	"os"
	"syscall"
)

// largest is the most resident memory that the process, or a child that it waited for, had: getrusage(2), in KiB there.
func largest(p *os.ProcessState) int64 {
	if r, ok := p.SysUsage().(*syscall.Rusage); ok {
		return r.Maxrss << 10
	}
	return 0
}
