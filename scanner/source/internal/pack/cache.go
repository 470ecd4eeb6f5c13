package pack

import "container/list"

// place is where an object stands: a pack of the store and an offset in it.
type place struct {
	pack   int32
	offset int64
}

// cache keeps the objects read last, up to a number of bytes.
type cache struct {
	limit, held int
	byPlace     map[place]*list.Element
	order       *list.List // of *cached, latest first
}

type cached struct {
	at   place
	typ  Type
	data []byte
}

func newCache(limit int) *cache {
	return &cache{limit: limit, byPlace: map[place]*list.Element{}, order: list.New()}
}

func (c *cache) get(at place) (*cached, bool) {
	e, ok := c.byPlace[at]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached), true
}

// put adds an object that is not in the cache. One that would fill a quarter of it is left out.
func (c *cache) put(o *cached) {
	if len(o.data) > c.limit/4 {
		return
	}
	c.byPlace[o.at] = c.order.PushFront(o)
	c.held += len(o.data)
	for c.held > c.limit {
		last := c.order.Remove(c.order.Back()).(*cached)
		delete(c.byPlace, last.at)
		c.held -= len(last.data)
	}
}
