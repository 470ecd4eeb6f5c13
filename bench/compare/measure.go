package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// usage is what one run of a command took.
type usage struct {
	cpu, wall time.Duration // user and system, of the command and the children that it waited for
	peak      int64         // bytes of memory
}

// sampling is how often memory is looked at. Looking costs time on the processors that are measured.
const sampling = 20 * time.Millisecond

// measure runs a command to its end. A run that ends with another code than those is an error that has the last lines it wrote.
//
// CPU time is what the kernel accounts to the command when it is waited for. Memory is the greatest sum of the resident memory of
// the process and its descendants that was seen (Linux only), or what the largest process had at most, whichever is more.
func measure(ctx context.Context, dir string, env, argv []string, codes []int) (usage, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir, cmd.Env = dir, env
	var said tail
	cmd.Stderr = &said // standard output goes nowhere, at no cost
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return usage{}, err
	}
	stop, peak := make(chan struct{}), make(chan int64)
	go func() { peak <- watch(cmd.Process.Pid, stop) }()
	err := cmd.Wait()
	u := usage{wall: time.Since(begin)}
	close(stop)
	u.peak = <-peak
	if ctx.Err() != nil {
		return u, ctx.Err()
	}
	if cmd.ProcessState == nil || !slices.Contains(codes, cmd.ProcessState.ExitCode()) {
		return u, fmt.Errorf("%w\n%s", err, said.text)
	}
	u.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	u.peak = max(u.peak, largest(cmd.ProcessState))
	return u, nil
}

// tail keeps the end of what is written to it.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-1000):]
	return len(p), nil
}

// watch looks at the memory of a process tree until it is told to stop, and returns the most it saw.
func watch(pid int, stop <-chan struct{}) int64 {
	tick := time.NewTicker(sampling)
	defer tick.Stop()
	var most int64
	for {
		select {
		case <-stop:
			return most
		case <-tick.C:
			most = max(most, resident(pid))
		}
	}
}

// resident is the resident memory of a process and its descendants in bytes, of which nothing is known but on Linux: proc(5).
func resident(pid int) int64 {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	statm, err := os.ReadFile(filepath.Join(dir, "statm"))
	fields := bytes.Fields(statm)
	if err != nil || len(fields) < 2 {
		return 0
	}
	pages, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	sum := pages * int64(os.Getpagesize())
	threads, _ := os.ReadDir(filepath.Join(dir, "task"))
	for _, thread := range threads {
		children, _ := os.ReadFile(filepath.Join(dir, "task", thread.Name(), "children")) // one that has ended meanwhile has none
		for _, child := range strings.Fields(string(children)) {
			if id, err := strconv.Atoi(child); err == nil {
				sum += resident(id)
			}
		}
	}
	return sum
}
