//go:build unix

package forge

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// stop ends git and the programs that it started for a fetch. Those would go on alone, with the lock of the mirror, where git itself was
// killed before it could end them; a shell that starts a program behind its own back has it ignore interrupts, so that these are none.
func stop(cmd *exec.Cmd) error {
	all := append([]int{cmd.Process.Pid}, below(cmd.Process.Pid)...)
	err := cmd.Process.Signal(syscall.SIGTERM)
	for _, pid := range all[1:] {
		if no := syscall.Kill(pid, syscall.SIGTERM); no != nil && !errors.Is(no, syscall.ESRCH) {
			err = errors.Join(err, no)
		}
	}
	return err
}

// below are the processes that a process started, and those that they did.
func below(pid int) []int {
	children := map[int][]int{}
	for child, parent := range processes() {
		children[parent] = append(children[parent], child)
	}
	var all []int
	for todo := children[pid]; len(todo) > 0; todo = todo[1:] {
		all = append(all, todo[0])
		todo = append(todo, children[todo[0]]...)
	}
	return all
}

// processes are the parents of all processes: from proc(5), or from ps where there is none. What cannot be known is left out.
func processes() map[int]int {
	parents := map[int]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		text, _ := os.ReadFile(name)
		var state string
		var parent int
		if _, err := fmt.Sscan(string(text[strings.LastIndexByte(string(text), ')')+1:]), &state, &parent); err != nil {
			continue // it has ended
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
			parents[pid] = parent
		}
	}
	if len(parents) > 0 {
		return parents
	}
	out, _ := exec.Command("ps", "-A", "-o", "pid=,ppid=").Output()
	for line := range strings.Lines(string(out)) {
		var pid, parent int
		if _, err := fmt.Sscan(line, &pid, &parent); err == nil {
			parents[pid] = parent
		}
	}
	return parents
}
