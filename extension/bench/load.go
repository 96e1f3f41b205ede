package main

import (
	"fmt"
	"time"
)

// The load of the paced runs: 10,000 chunks a second.
const (
	pacedStreams = 200
	pacedRate    = 50 // chunks a second and stream
)

type protocol string

const (
	sse protocol = "sse"
	ws  protocol = "ws"
)

var protocols = [...]protocol{sse, ws}

// load is what one run of one client does. It goes to the server in the query of each request.
type load struct {
	protocol protocol
	streams  int
	// chunks of each stream; 0 for a stream that ends at once.
	chunks int
	// interval between chunks; 0: as fast as the client reads.
	interval time.Duration
	// spread is the time over which the streams start, evenly.
	spread time.Duration
}

func paced(p protocol, seconds int) load {
	return load{p, pacedStreams, seconds * pacedRate, time.Second / pacedRate, time.Second}
}

// The unpaced load: enough streams to keep a client busy, and some seconds of work for it.
func unpaced(p protocol) load {
	return load{p, 20, 50_000, 0, 0}
}

// empty is the same run without chunks: what starting up and opening the streams costs.
func (l load) empty() load {
	l.chunks = 0
	return l
}

func (l load) query() string {
	return fmt.Sprintf("?chunks=%d&interval=%s", l.chunks, l.interval)
}

// total of the chunks, role, reference and end frames not among them.
func (l load) total() int { return l.streams * l.chunks }

// timeline: the stamps of all chunks fit into a record, so they can be compared one by one.
func (l load) timeline() bool { return l.interval > 0 && l.chunks <= maxStamps }

// limit is when a run of this load is given up.
func (l load) limit() time.Duration {
	return time.Minute + l.spread + time.Duration(l.chunks)*l.interval
}
