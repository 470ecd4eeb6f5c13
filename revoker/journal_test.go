package revoker

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// change replaces a file of a journal for the time of a check.
func change(t *testing.T, path string, data []byte, check func()) {
	t.Helper()
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, data)
	check()
	write(t, path, old)
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// refuses complains when the journal is accepted by verifying or by opening it.
func refuses(t *testing.T, path, what string, words ...string) {
	t.Helper()
	_, err := VerifyJournal(path)
	if err == nil {
		t.Errorf("%s: verified", what)
		return
	}
	mustHave(t, err, append(words, "restore")...)
	if _, err := OpenJournal(t.Context(), path); err == nil {
		t.Errorf("%s: opened", what)
	}
}

// inMemory is a journal in files as one on a disk in memory, which is checked by the same code.
func inMemory(t *testing.T, path string) *memDisk {
	t.Helper()
	d := newMemDisk()
	for _, ext := range []string{".jsonl", ".head", ".key", ".pub"} {
		data, err := os.ReadFile(strings.TrimSuffix(path, ".jsonl") + ext)
		if err != nil {
			t.Fatal(err)
		}
		d.files["journal"+ext] = data
	}
	return d
}

// refusesOn is refuses for a disk in memory.
func refusesOn(t *testing.T, d *memDisk, what string) {
	t.Helper()
	_, verify := verifyJournal(filesOf("journal.jsonl"), d)
	_, open := openOn(d)
	if verify == nil || open == nil {
		t.Errorf("%s: verify says %v, open says %v", what, verify, open)
	}
}

func TestG10TamperedByte(t *testing.T) {
	path := filledJournal(t, 3)
	if n, err := VerifyJournal(path); n != 3 || err != nil {
		t.Fatalf("untouched: %d, %v", n, err)
	}
	d := inMemory(t, path)
	for _, file := range []string{"journal.jsonl", "journal.head", "journal.key"} {
		data := d.files[file]
		for i := range data {
			for _, flip := range []byte{1, 0x20, 0x80} {
				d.files[file] = bytes.Clone(data)
				d.files[file][i] ^= flip
				refusesOn(t, d, fmt.Sprintf("%s, byte %d ^ %#x", file, i, flip))
			}
		}
		d.files[file] = data
	}
	if n, err := verifyJournal(filesOf("journal.jsonl"), d); n != 3 || err != nil {
		t.Fatalf("restored: %d, %v", n, err)
	}
}

func TestG10TamperedByteNamesTheEntry(t *testing.T) {
	path := filledJournal(t, 5)
	lines := journalLines(t, path)
	lines[2] = bytes.Replace(lines[2], []byte("ann"), []byte("bob"), 1)
	change(t, path, bytes.Join(lines, nil), func() { refuses(t, path, "edit", "entry 3", "was changed", "keep the file as evidence") })
}

// journalLines are the lines of a journal with their newlines.
func journalLines(t *testing.T, path string) [][]byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(data, []byte("\n"))
	return lines[:len(lines)-1]
}

func TestG10LinesMoved(t *testing.T) {
	path := filledJournal(t, 5)
	lines := journalLines(t, path)
	last, err := decodeEntry(bytes.TrimSuffix(lines[4], []byte("\n")))
	if err != nil {
		t.Fatal(err)
	}
	forged, _, err := encodeEntry(Entry{Seq: 6, Prev: last.Hash, ID: found(1).ID, Kind: KindApproved, Approval: &Approval{By: "eve"}})
	if err != nil {
		t.Fatal(err)
	}
	for n := range lines {
		without := slices.Delete(slices.Clone(lines), n, n+1)
		change(t, path, bytes.Join(without, nil), func() {
			refuses(t, path, fmt.Sprint("line dropped ", n+1), fmt.Sprint("entry ", n+1))
		})
		change(t, path, bytes.Join(lines[:n], nil), func() {
			refuses(t, path, fmt.Sprint("cut off before ", n+1), fmt.Sprint("entry ", n+1), "cut off")
		})
		for m := range n {
			swapped := slices.Clone(lines)
			swapped[n], swapped[m] = swapped[m], swapped[n]
			change(t, path, bytes.Join(swapped, nil), func() { refuses(t, path, "swapped", fmt.Sprint("entry ", m+1)) })
		}
		twice := slices.Insert(slices.Clone(lines), n, lines[n])
		change(t, path, bytes.Join(twice, nil), func() { refuses(t, path, "inserted") })
	}
	change(t, path, bytes.Join(append(slices.Clone(lines), forged), nil), func() { refuses(t, path, "a forged line that chains", "entry 6", "was added") })
	change(t, path, append(bytes.Join(lines, nil), "{"...), func() { refuses(t, path, "half a line", "entry 6", "was added") })
	change(t, path, append(bytes.Join(lines, nil), '\n'), func() { refuses(t, path, "an empty line", "entry 6") })
}

func TestG10Truncated(t *testing.T) {
	path := filledJournal(t, 3)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := inMemory(t, path)
	for n := range data {
		d.files["journal.jsonl"] = data[:n]
		refusesOn(t, d, fmt.Sprintf("cut to %d bytes", n))
	}
}

func TestG10FilesLostOrExchanged(t *testing.T) {
	path, other := filledJournal(t, 3), filledJournal(t, 3)
	stem, foreign := strings.TrimSuffix(path, ".jsonl"), strings.TrimSuffix(other, ".jsonl")
	for _, ext := range []string{".head", ".key", ".jsonl"} {
		data, err := os.ReadFile(foreign + ext)
		if err != nil {
			t.Fatal(err)
		}
		if ext != ".jsonl" { // two journals of the same entries are the same bytes
			change(t, stem+ext, data, func() { refuses(t, path, "exchanged "+ext, "signature is wrong") })
		}
		old, err := os.ReadFile(stem + ext)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(stem + ext); err != nil {
			t.Fatal(err)
		}
		_, err = OpenJournal(t.Context(), path)
		mustHave(t, err, "restore", stem[strings.LastIndex(stem, "/")+1:]+ext)
		write(t, stem+ext, old)
	}
}

func TestVerifyJournalWithThePublicKey(t *testing.T) {
	path := filledJournal(t, 2)
	stem := strings.TrimSuffix(path, ".jsonl")
	if err := os.Remove(stem + ".key"); err != nil {
		t.Fatal(err)
	}
	if n, err := VerifyJournal(path); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if err := os.Remove(stem + ".pub"); err != nil {
		t.Fatal(err)
	}
	_, err := VerifyJournal(path)
	mustHave(t, err, "journal.key", "journal.pub", "restore")
	_, err = VerifyJournal(filepath.Join(t.TempDir(), "none.jsonl"))
	mustHave(t, err, "none.jsonl", "name the journal")
}

func TestJournalReadsBackWhatWasWritten(t *testing.T) {
	path := filledJournal(t, 5)
	j, err := OpenJournal(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	want := Entry{
		At: start, ID: found(1).ID, Kind: KindReceipt, Rule: "acme-token", Run: "run-2", Note: "a \u2028 \"b\" <c> \\",
		Receipt: &Receipt{State: Manual, Action: "manual", At: start, Steps: []string{"open", "revoke"}},
	}
	if err := j.Append(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	var got []Entry
	for e, err := range j.Entries(t.Context(), found(1).ID) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	if len(got) != 3 {
		t.Fatalf("%d entries of the key, want 3", len(got))
	}
	want.Seq, want.Prev, want.Hash = 6, got[2].Prev, got[2].Hash
	if diff := cmp.Diff(want, got[2]); diff != "" {
		t.Errorf("entry (-want +got):\n%s", diff)
	}
	seq, hash, err := j.Head(t.Context())
	if seq != 6 || hash != want.Hash || err != nil {
		t.Errorf("head %d %s, %v", seq, hash, err)
	}
	if info, err := os.Stat(strings.TrimSuffix(path, ".jsonl") + ".key"); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v, %v", info.Mode(), err)
	}
}

func TestJournalOfTwoProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	var both [2]*FileJournal
	for i := range both {
		j, err := OpenJournal(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		both[i] = j
	}
	for n := range 6 {
		if err := both[n%2].Append(t.Context(), Entry{ID: found(n).ID, Kind: KindVerified}); err != nil {
			t.Fatal(err)
		}
	}
	for _, j := range both {
		var seqs []int64
		for e, err := range j.Entries(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			seqs = append(seqs, e.Seq)
		}
		if diff := cmp.Diff([]int64{1, 2, 3, 4, 5, 6}, seqs); diff != "" {
			t.Errorf("entries (-want +got):\n%s", diff)
		}
	}
	if n, err := VerifyJournal(path); n != 6 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

func TestJournalChangedWhileInUse(t *testing.T) {
	path := filledJournal(t, 3)
	j, err := OpenJournal(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	lines := journalLines(t, path)
	for what, data := range map[string][]byte{
		"cut off while":      bytes.Join(lines[:2], nil),
		"does not match its": bytes.Replace(bytes.Join(lines, nil), []byte("ann"), []byte("bob"), 1),
		"cut off":            nil,
	} {
		change(t, path, data, func() {
			var err error
			for _, e := range j.Entries(t.Context(), "") {
				err = errors.Join(err, e)
			}
			mustHave(t, err, "read journal", what)
		})
	}
	change(t, path, bytes.Join(lines[:2], nil), func() {
		mustHave(t, j.Append(t.Context(), Entry{ID: "q-1", Kind: KindIntent}), "cut off", "restore")
	})
	if err := j.Append(t.Context(), Entry{ID: "q-1", Kind: KindIntent}); err != nil {
		t.Errorf("after it was put back: %v", err)
	}
}

func TestJournalThatCannotBeWritten(t *testing.T) {
	if os.Getuid() == 0 {
		d := &brittleDisk{disk: newMemDisk()}
		j, err := openOn(d)
		if err != nil {
			t.Fatal(err)
		}
		d.err = &fs.PathError{Op: "open", Path: "journal.jsonl", Err: fs.ErrPermission}
		mustHave(t, j.Append(t.Context(), Entry{ID: "q-1", Kind: KindIntent}), "append to journal", "permission denied", "make it writable")
		return
	}
	path := filledJournal(t, 1)
	j, err := OpenJournal(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(path), 0o500); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Dir(path), 0o700) })
	mustHave(t, j.Append(t.Context(), Entry{ID: "q-1", Kind: KindIntent}), "append to journal", "permission denied", "writable")
}

// brittleDisk cannot be written once err is set.
type brittleDisk struct {
	disk
	err error
}

func (d *brittleDisk) Append(name string, b []byte) error {
	if d.err != nil {
		return d.err
	}
	return d.disk.Append(name, b)
}

func (d *brittleDisk) Replace(name string, b []byte) error {
	if d.err != nil {
		return d.err
	}
	return d.disk.Replace(name, b)
}

func TestTornLineIsSetAside(t *testing.T) {
	full := newMemDisk()
	j, err := openOn(full)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Append(t.Context(), Entry{ID: "q-1", Kind: KindIntent}); err != nil {
		t.Fatal(err)
	}
	key := full.files["journal.key"]
	line := full.files["journal.jsonl"]
	for n := range len(line) + 1 {
		d := newMemDisk()
		signed := mustSign(t, key, head{Next: digestOf(t, line)})
		d.files = map[string][]byte{"journal.key": key, "journal.head": signed, "journal.jsonl": line[:n]}
		if _, err := verifyJournal(filesOf("journal.jsonl"), d); err != nil {
			t.Fatalf("%d bytes of an announced line: %v", n, err)
		}
		j, err := openOn(d)
		if err != nil {
			t.Fatalf("%d bytes of an announced line: %v", n, err)
		}
		seq, _, _ := j.Head(t.Context())
		if want := int64(n / len(line)); seq != want || len(d.files["journal.jsonl"]) != n/len(line)*n {
			t.Errorf("%d bytes: %d entries, want %d", n, seq, want)
		}
		if torn := d.files["journal.torn"]; n > 0 && n < len(line) && (!bytes.Contains(torn, line[:n]) || !bytes.Contains(torn, []byte("after entry 0"))) {
			t.Errorf("%d bytes: set aside %q", n, torn)
		}
		if err := j.Append(t.Context(), Entry{ID: "q-2", Kind: KindIntent}); err != nil {
			t.Errorf("%d bytes: append: %v", n, err)
		}
		if _, err := verifyJournal(filesOf("journal.jsonl"), d); err != nil {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func mustSign(t *testing.T, keyFile []byte, h head) []byte {
	t.Helper()
	seed, err := fromHexLine(keyFile, 32)
	if err != nil {
		t.Fatal(err)
	}
	data, err := h.encode(ed25519.NewKeyFromSeed(seed))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func digestOf(t *testing.T, line []byte) string {
	t.Helper()
	e, err := decodeEntry(bytes.TrimSuffix(line, []byte("\n")))
	if err != nil {
		t.Fatal(err)
	}
	return e.Hash
}

// TestG11KilledProcess kills a process that appends, again and again, at a moment of chance.
func TestG11KilledProcess(t *testing.T) {
	if path := os.Getenv("QUASH_TEST_APPEND_TO"); path != "" {
		appendForever(t, path)
	}
	path := filepath.Join(t.TempDir(), "journal.jsonl")
	acknowledged := 0
	for range 12 {
		child := exec.Command(os.Args[0], "-test.run=^TestG11KilledProcess$")
		child.Env = append(os.Environ(), "QUASH_TEST_APPEND_TO="+path)
		var out bytes.Buffer
		child.Stdout = &out
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(40+rand.IntN(40)) * time.Millisecond)
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait()
		acknowledged += bytes.Count(out.Bytes(), []byte("+"))
		if acknowledged == 0 {
			continue
		}
		n, err := VerifyJournal(path)
		if err != nil || n < acknowledged {
			t.Fatalf("%d entries, %d were acknowledged: %v", n, acknowledged, err)
		}
	}
	if _, err := OpenJournal(t.Context(), path); err != nil {
		t.Errorf("open after the last kill: %v", err)
	}
	t.Logf("%d entries acknowledged by 12 killed processes", acknowledged)
}

// appendForever appends until it is killed and says + for each entry that is on record.
func appendForever(t *testing.T, path string) {
	j, err := OpenJournal(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	for {
		if err := j.Append(context.Background(), Entry{ID: "q-1", Kind: KindLook, Note: strings.Repeat("x", 4000)}); err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("+")
	}
}

func FuzzReadJournal(f *testing.F) {
	d := newMemDisk()
	j, err := openOn(d)
	if err != nil {
		f.Fatal(err)
	}
	for n := range 3 {
		if err := j.Append(f.Context(), Entry{At: start, ID: found(n).ID, Kind: KindVerified, Verdict: &Verdict{Validity: Active}}); err != nil {
			f.Fatal(err)
		}
	}
	whole := d.files["journal.jsonl"]
	f.Add(whole)
	f.Add(whole[:len(whole)-7])
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var at cursor
		var again []byte
		rest, err := at.take(data, func(p place) {
			again = append(again, data[p.off:p.off+p.n]...)
		})
		if err == nil && !bytes.Equal(append(again, rest...), data) {
			t.Error("what was read is not what was given")
		}
		d := newMemDisk()
		maps := map[string][]byte{"journal.jsonl": data, "journal.key": j.keyFile(), "journal.head": whole}
		d.files = maps
		if _, err := verifyJournal(filesOf("journal.jsonl"), d); err == nil {
			t.Error("accepted without a head")
		}
		maps["journal.head"] = j.seen
		if _, err := verifyJournal(filesOf("journal.jsonl"), d); (err == nil) != bytes.Equal(data, whole) {
			t.Errorf("verify says %v of %q", err, data)
		}
	})
}

// keyFile is the content of the key file.
func (j *FileJournal) keyFile() []byte { return hexLine(j.key.Seed()) }
