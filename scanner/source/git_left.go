package source

import (
	"context"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// What HEAD's line of first parents never had came with a merge and had gone by then: it was taken out on the line that was merged, or by
// the merge.

// leaveElsewhere finds the commits that took spots away which HEAD's history has and its line of first parents does not: of all that HEAD
// reaches the last without the spot whose first parent has it, and where there is none, the last without it of which another parent does.
func (p *placer) leaveElsewhere(ctx context.Context, head int32) error {
	reached := p.ancestors(head)
	for _, other := range [...]bool{false, true} {
		q, open := p.unsettled(reached)
		for end := len(p.commits); end > 0 && open > 0; {
			begin := max(0, end-together*runtime.GOMAXPROCS(0))
			n, err := q.leftBetween(ctx, begin, end, reached, other)
			if err != nil {
				return err
			}
			end, open = begin, open-n
		}
	}
	return nil
}

// ancestors are a commit and all that it builds on.
func (p *placer) ancestors(of int32) []bool {
	all := make([]bool, len(p.commits))
	all[of] = true
	for i := of; i >= 0; i-- { // parents come before children
		if all[i] {
			for _, parent := range p.commits[i].parents {
				all[parent] = true
			}
		}
	}
	return all
}

// unsettled is a placer for the spots that commits among those reached brought in, and of which it is not known what took them away. It
// says how many these are.
func (p *placer) unsettled(reached []bool) (*placer, int) {
	q := *p
	q.below, q.byPath = map[int32]map[int32]int32{}, map[int32][]*traced{}
	n := 0
	for _, t := range p.spots {
		if t.inHead || t.left >= 0 {
			continue
		}
		for _, c := range t.enters {
			if reached[c] {
				q.byPath[t.path] = append(q.byPath[t.path], t)
				q.along(t.path)
				n++
				break
			}
		}
	}
	return &q, n
}

// leftBetween looks at a run of commits, on all processors, and returns how many spots it settled.
func (p *placer) leftBetween(ctx context.Context, begin, end int, reached []bool, other bool) (settled int, err error) {
	type leaving struct {
		spot   *traced
		commit int32
	}
	parts := make([][]leaving, (end-begin+together-1)/together)
	var next atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	for range min(runtime.GOMAXPROCS(0), len(parts)) {
		group.Go(func() error {
			q := *p
			q.stood, q.stack = p.stood.fork(), nil
			for part := int(next.Add(1)) - 1; part < len(parts) && ctx.Err() == nil; part = int(next.Add(1)) - 1 {
				for i := begin + part*together; i < min(begin+(part+1)*together, end); i++ {
					if reached[i] {
						q.leftIn(int32(i), other, func(t *traced) { parts[part] = append(parts[part], leaving{t, int32(i)}) })
					}
				}
			}
			return ctx.Err()
		})
	}
	err = group.Wait()
	for _, part := range parts {
		for _, l := range part {
			if l.spot.left < 0 {
				settled++
			}
			l.spot.left = max(l.spot.left, l.commit)
		}
	}
	return settled, err
}

// leftIn calls found for the spots that the first parent of a commit has and the commit has not, or those that others of its parents do.
func (p *placer) leftIn(commit int32, other bool, found func(*traced)) {
	c := p.commits[commit]
	from := c.parents[:min(1, len(c.parents))]
	if other {
		from = c.parents[len(from):]
	}
	for _, parent := range from {
		p.compare(p.commits[parent].tree, c.tree, 0, found)
	}
}
