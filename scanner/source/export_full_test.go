//go:build unix

package source

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// mostMemory is what the program may hold of memory, in bytes, whatever the size of an export.
const mostMemory = 200_000_000

// TestLargeExports scans exports of QUASH_EXPORT_MB megabytes (2048) with the program itself and checks how much memory it took. It writes each
// of them to the directory for temporary files, one after the other, and takes minutes: it runs where QUASH_LOAD is "full".
func TestLargeExports(t *testing.T) {
	if os.Getenv("QUASH_LOAD") != "full" {
		t.Skip("takes minutes: set QUASH_LOAD=full, and QUASH_EXPORT_MB to the megabytes of each export")
	}
	megabytes, err := strconv.Atoi(os.Getenv("QUASH_EXPORT_MB"))
	if err != nil {
		megabytes = 2048
	}
	program := filepath.Join(t.TempDir(), "quash")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "github.com/quash-sh/quash/cmd/quash").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, load := range append(exportLoads[:len(exportLoads):len(exportLoads)], moreLoads...) {
		t.Run(load.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), load.name)
			f, err := os.Create(path)
			if err == nil {
				err = load.write(newExportLoad(), f, int64(megabytes)*1e6)
			}
			if err != nil || f.Close() != nil {
				t.Fatal(err)
			}
			scanLarge(t, program, path, megabytes)
		})
	}
}

// scanLarge scans a file and checks that all of it was read as an export, within bounds of memory.
func scanLarge(t *testing.T, program, path string, megabytes int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, "scan", "--no-store", "-f", "jsonl", path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	last := lastLine(t, out)
	_ = cmd.Wait() // the exit code is 1 where a text of the load looks like a key; what counts is in the last line
	var run struct {
		Stats *struct {
			Complete bool
			Coverage struct{ Seen map[string]int }
		}
	}
	if err := json.Unmarshal(last, &run); err != nil || run.Stats == nil || !run.Stats.Complete || run.Stats.Coverage.Seen["records"] == 0 {
		t.Errorf("%v: %s", err, last)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatal("the system does not say how much memory a program took")
	}
	peak := int64(usage.Maxrss)
	if runtime.GOOS == "linux" { // where it counts kilobytes
		peak <<= 10
	}
	spent := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	t.Logf("%d MB: %d MB of memory at most, %v of processor time (%.0f MB/s), %d records", megabytes, peak/1e6, spent.Round(10*time.Millisecond),
		float64(megabytes)/spent.Seconds(), run.Stats.Coverage.Seen["records"])
	if peak > mostMemory {
		t.Errorf("it held %d MB of memory, over the bound of %d", peak/1e6, mostMemory/1_000_000)
	}
}

// lastLine is the last line of what a program writes.
func lastLine(t *testing.T, r io.Reader) []byte {
	t.Helper()
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	var last []byte
	for lines.Scan() {
		last = append(last[:0], lines.Bytes()...)
	}
	if err := lines.Err(); err != nil {
		t.Error(err)
	}
	return last
}

// moreLoads are more formats, of which the throughput is not measured.
var moreLoads = []struct {
	name  string
	write func(l *exportLoad, to io.Writer, size int64) error
}{{"zendesk.jsonl", (*exportLoad).zendesk}}

// zendesk writes Zendesk's JSON export of about that many bytes. Every thousandth ticket is a line of some megabytes.
func (l *exportLoad) zendesk(to io.Writer, size int64) error {
	w := &counting{w: bufio.NewWriterSize(to, 1<<20)}
	for w.n < size {
		l.n++
		fmt.Fprintf(w, `{"url":"https://acme.zendesk.example/api/v2/tickets/%d.json","id":%d,"raw_subject":"%s","description":"%s","created_at":"2026-03-04T09:12:00Z","requester_id":3,"comments":[`,
			l.n, l.n, l.prose(1, " "), l.prose(4, `\n`))
		comments := 1 + l.rng.IntN(6)
		if l.n%1000 == 0 {
			comments = 20_000
		}
		for i := range comments {
			fmt.Fprintf(w, `%s{"id":%d,"author_id":4,"body":"%s","public":true,"created_at":"2026-03-04T10:01:09Z"}`, map[bool]string{true: ","}[i > 0], l.n*10+i, l.prose(1+l.rng.IntN(3), `\n`))
		}
		fmt.Fprint(w, "]}\n")
	}
	return w.flush()
}
