package exchange

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// Slots counts the connections to each host over all VUs of the process, for those who set a limit.
// Whoever comes first is served first. The zero value is ready.
//
// An HTTP connection outlives its stream, in the pool of its VU. Its slot is parked there with it: the
// VU's next stream takes both, and when somebody else waits the pool closes what is idle. So there
// are no more connections than slots, and no VU starves because others are idle. Over HTTP/2, where
// streams share a connection, each still has a slot of its own.
type Slots struct {
	mu    sync.Mutex
	hosts map[string]*hostSlots
}

// hostSlots: while somebody waits, nothing is parked.
type hostSlots struct {
	taken   int // parked ones included
	parked  []*http.Transport
	waiting []*waiter
}

// waiter has its slot when its channel is closed.
type waiter struct {
	most  int
	pool  *http.Transport
	ready chan struct{}
}

// Slot is the right to one connection. One of Release and Park must be called, once.
type Slot struct {
	slots *Slots
	host  string
	pool  *http.Transport
}

// Host is the name of a URL's host for Take: with its port, whatever the scheme.
func Host(target *url.URL) string {
	port := target.Port()
	switch {
	case port != "":
	case target.Scheme == "https" || target.Scheme == "wss":
		port = "443"
	default:
		port = "80"
	}
	return strings.ToLower(target.Hostname()) + ":" + port
}

// Take a slot of a host that may have so many at most, or wait in line for one until the context is
// done: then the error is its cause. The pool is where the connection will be idle, nil for one that
// is closed after use.
func (s *Slots) Take(ctx context.Context, host string, most int, pool *http.Transport) (*Slot, error) {
	slot := &Slot{s, host, pool}
	evicted, wait := s.take(slot, most)
	for _, idle := range evicted {
		idle.CloseIdleConnections()
	}
	if wait == nil {
		return slot, nil
	}
	select {
	case <-wait.ready:
		return slot, nil
	case <-ctx.Done():
		s.leave(host, wait)
		return nil, context.Cause(ctx)
	}
}

// take at once, perhaps in place of connections that are idle, or get in line.
func (s *Slots) take(slot *Slot, most int) (evicted []*http.Transport, wait *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hosts[slot.host]
	if h == nil {
		h = &hostSlots{}
		if s.hosts == nil {
			s.hosts = map[string]*hostSlots{}
		}
		s.hosts[slot.host] = h
	}
	if h.unpark(slot.pool) {
		return nil, nil
	}
	for h.taken >= most && len(h.parked) > 0 {
		evicted = append(evicted, h.parked[0])
		h.parked = h.parked[1:]
		h.taken--
	}
	if len(h.waiting) == 0 && h.taken < most {
		h.taken++
		return evicted, nil
	}
	wait = &waiter{most, slot.pool, make(chan struct{})}
	h.waiting = append(h.waiting, wait)
	return evicted, wait
}

func (h *hostSlots) unpark(pool *http.Transport) bool {
	for i, parked := range h.parked {
		if pool != nil && parked == pool {
			h.parked = append(h.parked[:i], h.parked[i+1:]...)
			return true
		}
	}
	return false
}

// leave the line. A slot that came at the last moment goes to the next.
func (s *Slots) leave(host string, wait *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hosts[host]
	h.taken--
	for i, other := range h.waiting {
		if other == wait {
			h.waiting = append(h.waiting[:i], h.waiting[i+1:]...)
			h.taken++ // it had none
			break
		}
	}
	s.serve(host, h)
}

// serve those who wait, and forget a host that nobody uses.
func (s *Slots) serve(host string, h *hostSlots) {
	for len(h.waiting) > 0 && h.taken < h.waiting[0].most {
		h.taken++
		close(h.waiting[0].ready)
		h.waiting = h.waiting[1:]
	}
	if h.taken == 0 && len(h.waiting) == 0 {
		delete(s.hosts, host)
	}
}

// Release says that the connection is closed.
func (t *Slot) Release() {
	t.slots.mu.Lock()
	defer t.slots.mu.Unlock()
	h := t.slots.hosts[t.host]
	h.taken--
	t.slots.serve(t.host, h)
}

// Park says that the connection is idle in its pool, or closed. If somebody else waits it is closed.
func (t *Slot) Park() {
	if t.pool == nil || !t.park() {
		t.Release()
	}
}

// park is false when the slot is to be released, its connection being closed or on its way to the
// next stream of the same pool.
func (t *Slot) park() bool {
	t.slots.mu.Lock()
	h := t.slots.hosts[t.host]
	if len(h.waiting) == 0 {
		h.parked = append(h.parked, t.pool)
		t.slots.mu.Unlock()
		return true
	}
	same := h.waiting[0].pool == t.pool
	t.slots.mu.Unlock()
	if !same {
		t.pool.CloseIdleConnections()
	}
	return false
}
