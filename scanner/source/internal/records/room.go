package records

// room is memory for things of one kind that are made in advance and used again, such as the places of texts that are held.
type room[T any] struct {
	all  []T
	used int
}

// next returns the next one, whose content is that of any before. With again set, those that were given out are free.
func (r *room[T]) next(again bool) *T {
	if again {
		r.used = 0
	}
	if r.used == len(r.all) {
		r.all, r.used = make([]T, min(max(64, 2*len(r.all)), manyNodes)), 0
	}
	r.used++
	return &r.all[r.used-1]
}
