package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
)

// testDownAndUp takes all migrations back and makes them again.
func testDownAndUp(t *testing.T, where string) {
	s := open(t, where)
	dir, err := fs.Sub(migrations, "migrations")
	must(t, err)
	p, err := goose.NewProvider(s.engine.dialect, s.db, dir)
	must(t, err)
	_, err = p.DownTo(t.Context(), 0)
	must(t, err, s.migrate(t.Context()), s.PutFindings(t.Context(), "t", at, []scanner.Finding{finding("q-1", "a.env")}))
}

// testOneMigrates has a process open a store that another is migrating.
func testOneMigrates(t *testing.T, where string) {
	other, err := connect(where)
	must(t, err)
	release, err := other.engine.lock(t.Context())
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := Open(ctx, where); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("did not wait: %v", err)
	}
	release()
	open(t, where)
	must(t, other.Close())
}

// holdDelivery takes a delivery and keeps its transaction open until it is told how to end.
func holdDelivery(t *testing.T, s *Store, id string) (end func(error)) {
	t.Helper()
	held, how, ended := make(chan struct{}), make(chan error), make(chan struct{})
	go func() {
		defer close(ended)
		var told error
		_, err := s.SeenDelivery(context.Background(), id, at, func(*sql.Tx) error {
			close(held)
			told = <-how
			return told
		})
		if !errors.Is(err, told) {
			t.Error(err)
		}
	}()
	<-held
	return func(err error) { how <- err; <-ended }
}

// testCancelledWaiting gives up waiting for another process's transaction.
func testCancelledWaiting(t *testing.T, where string) {
	a, b := open(t, where), open(t, where)
	end := holdDelivery(t, a, "d")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := b.SeenDelivery(ctx, "d", at, nil)
	if waited := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || waited > 3*time.Second {
		t.Errorf("after %v: %v", waited, err)
	}
	end(nil)
	first, err := b.SeenDelivery(t.Context(), "d", at, nil)
	same(t, false, first, err)
}

// testTwoAcceptAtOnce has a delivery arrive while another process accepts it: it is first when that one fails.
func testTwoAcceptAtOnce(t *testing.T, where string) {
	a, b := open(t, where), open(t, where)
	for id, how := range map[string]error{"accepted": nil, "not accepted": errors.New("the queue is full")} {
		end := holdDelivery(t, a, id)
		got := make(chan bool)
		go func() {
			first, err := b.SeenDelivery(t.Context(), id, at, nil)
			if err != nil {
				t.Error(err)
			}
			got <- first
		}()
		select {
		case <-got:
			t.Errorf("%s: the second did not wait", id)
		case <-time.After(100 * time.Millisecond):
			end(how)
			same(t, how != nil, <-got, nil)
		}
	}
}

const (
	rounds = 30 // of each writer
	shared = 6  // keys that all write
)

// write writes what all writers write, each in an order of its own, and returns how many deliveries it saw first.
func write(ctx context.Context, s *Store, writer int) (firsts int, err error) {
	for round := range rounds {
		var found []scanner.Finding
		for i := range shared {
			found = append(found, finding(scanner.ID(fmt.Sprint("q-", (i*(1+writer%2*(shared-2))+writer)%shared)), "a.env"))
		}
		first, seenErr := s.SeenDelivery(ctx, fmt.Sprint("d-", round), at, nil)
		if first {
			firsts++
		}
		seq := int64(1 + round*10 + writer)
		err = errors.Join(err, seenErr, s.PutFindings(ctx, "repo", at.Add(time.Duration(round)*time.Second), found),
			s.PutJournalHead(ctx, "j", seq, fmt.Sprint("hash", seq)),
			s.PutScanState(ctx, ScanState{Repository: "repo", At: at.Add(time.Duration(seq)), Rules: fmt.Sprint(seq)}),
			s.PutVerdict(ctx, "q-0", revoker.Verdict{At: at.Add(time.Duration(round) * time.Second), Validity: revoker.Active}),
			s.PutKeyRecord(ctx, KeyRecord{ID: "q-0", Owner: fmt.Sprint(writer)}))
	}
	return firsts, err
}

// written checks what several writers have written together.
func written(t *testing.T, s *Store, writers, firsts int) {
	t.Helper()
	if firsts != rounds {
		t.Errorf("%d deliveries were seen first, of %d", firsts, rounds)
	}
	last := fmt.Sprint(1 + (rounds-1)*10 + writers - 1)
	seq, hash, err := s.JournalHead(t.Context(), "j")
	same(t, last+" hash"+last, fmt.Sprint(seq, " ", hash), err)
	all, err := s.Keys(t.Context())
	same(t, shared, len(all), err)
	for _, k := range all {
		same(t, 1, len(k.Places), nil)
		same(t, at.Add((rounds-1)*time.Second), k.LastSeen, nil)
	}
	records, err := s.KeyRecords(t.Context())
	same(t, 1, len(records), err)
}

// neverBack watches a journal's head until it is stopped.
func neverBack(t *testing.T, s *Store) (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for before := int64(0); ; {
			seq, hash, err := s.JournalHead(context.Background(), "j")
			if err != nil && !errors.Is(err, ErrNotFound) {
				t.Error(err)
				return
			}
			if seq < before || err == nil && hash != fmt.Sprint("hash", seq) {
				t.Errorf("head %d %s after %d", seq, hash, before)
			}
			before = seq
			select {
			case <-end:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	return func() { close(end); <-ended }
}

func testWritersInParallel(t *testing.T, where string) {
	const writers = 6
	stores := []*Store{open(t, where), open(t, where), open(t, where)}
	stop := neverBack(t, open(t, where))
	var mu sync.Mutex
	var wg sync.WaitGroup
	total := 0
	for w := range writers {
		wg.Go(func() {
			firsts, err := write(t.Context(), stores[w%len(stores)], w)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			total += firsts
		})
	}
	wg.Wait()
	stop()
	written(t, stores[0], writers, total)
}

// In the environment of a test process, writerStore names the store that it writes as the writer number writerNumber.
const (
	writerStore  = "QUASH_TEST_STORE"
	writerNumber = "QUASH_TEST_WRITER"
)

// TestProcess is a process of testManyProcesses.
func TestProcess(t *testing.T) {
	where := os.Getenv(writerStore)
	if where == "" {
		t.Skip("run by the suite, as a process of its own")
	}
	writer, err := strconv.Atoi(os.Getenv(writerNumber))
	must(t, err)
	firsts, err := write(t.Context(), open(t, where), writer)
	must(t, err)
	fmt.Printf("firsts %d\n", firsts)
}

// testManyProcesses has processes open a store that is not there yet, all at once, and write.
func testManyProcesses(t *testing.T, where string) {
	const writers = 4
	program, err := os.Executable()
	must(t, err)
	outs := make([]strings.Builder, writers)
	processes := make([]*exec.Cmd, writers)
	for i := range processes {
		processes[i] = exec.Command(program, "-test.run=^TestProcess$")
		processes[i].Env = append(os.Environ(), writerStore+"="+where, fmt.Sprint(writerNumber, "=", i))
		processes[i].Stdout, processes[i].Stderr = &outs[i], &outs[i]
		must(t, processes[i].Start())
	}
	total := 0
	for i, p := range processes {
		err := p.Wait()
		var firsts int
		if _, scanErr := fmt.Sscanf(outs[i].String(), "firsts %d", &firsts); err != nil || scanErr != nil {
			t.Errorf("%v %v\n%s", err, scanErr, outs[i].String())
		}
		total += firsts
	}
	written(t, open(t, where), writers, total)
}
