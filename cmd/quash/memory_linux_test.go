package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
)

// TestHugePages: the heap has room that huge pages were asked for, and holds none of it.
func TestHugePages(t *testing.T) {
	if _, err := os.Stat("/sys/kernel/mm/transparent_hugepage"); err != nil {
		t.Skip("the kernel has no huge pages")
	}
	askForHugePages()
	if n := asked(t); n < hugeRoom {
		t.Errorf("huge pages were asked for %d bytes, want %d", n, hugeRoom)
	}
	runtime.GC()
	var m runtime.MemStats
	if runtime.ReadMemStats(&m); m.HeapAlloc >= hugeRoom {
		t.Errorf("the heap holds %d bytes", m.HeapAlloc)
	}
}

// asked is for how many bytes of this process huge pages were asked for.
func asked(t *testing.T) (bytes uint64) {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var from, to uint64
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if flags, ok := strings.CutPrefix(lines.Text(), "VmFlags:"); ok {
			if strings.Contains(flags+" ", " hg ") {
				bytes += to - from
			}
			continue
		}
		var a, b uint64
		if n, _ := fmt.Sscanf(lines.Text(), "%x-%x", &a, &b); n == 2 { // the head of a mapping
			from, to = a, b
		}
	}
	return bytes
}
