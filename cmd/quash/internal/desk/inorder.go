package desk

import (
	"iter"
	"sync"
)

// inOrder does something for each item, for at most so many at a time, and yields the results in the order of the items. When it
// returns nothing is being done any more. A panic is handed on to the caller's goroutine.
func inOrder[T, R any](atOnce int, items []T, do func(T) R) iter.Seq[R] {
	return func(yield func(R) bool) {
		results := make([]chan result[R], len(items))
		for i := range results {
			results[i] = make(chan result[R], 1)
		}
		next, enough := make(chan int), make(chan struct{})
		var wg sync.WaitGroup
		defer wg.Wait()
		defer close(enough)
		wg.Go(func() {
			defer close(next)
			for i := range items {
				select {
				case next <- i:
				case <-enough:
					return
				}
			}
		})
		for range min(max(atOnce, 1), len(items)) {
			wg.Go(func() {
				for i := range next {
					results[i] <- resultOf(do, items[i])
				}
			})
		}
		for _, ready := range results {
			r := <-ready
			if r.panicked != nil {
				panic(r.panicked)
			}
			if !yield(r.value) {
				return
			}
		}
	}
}

// result is what was done for an item, or the value of the panic that it ended with.
type result[R any] struct {
	value    R
	panicked any
}

func resultOf[T, R any](do func(T) R, item T) (r result[R]) {
	defer func() { r.panicked = recover() }()
	r.value = do(item)
	return r
}
