// Package generator watches the load generator itself, because a measurement is worth no more than
// the machine that took it: how late a timer of 10 ms wakes up (Lag), how much of its cores the
// process uses (CPU), how many streams are open, what else it holds (Memory, OpenFiles).
//
// One Generator is shared by all VUs of the process. Its ticker starts with the first stream and
// pauses when there has been none for a minute. Beside streams it costs less than 0.1 % of a core; in
// a process that does nothing else 1 to 3 %, because each tick wakes a sleeping thread.
package generator

import (
	"sync"
	"sync/atomic"
	"time"
)

// idleTicks without a stream until the ticker pauses: one minute.
const idleTicks = 6000

// Generator is the state of the process. Its methods may be called by any goroutine.
type Generator struct {
	Lag *Lag

	open, opened, passed atomic.Int64
	scenario             atomic.Pointer[Scenario]

	idleTicks int
	start     sync.Once
	paused    atomic.Bool
	wake      chan struct{}
	stop      chan struct{}
	done      chan struct{}
}

// Scenario is when one of k6's scenarios began: the anchor of its plan in time.
type Scenario struct {
	Name    string
	Started time.Time
}

// New watches nothing yet.
func New() *Generator {
	return &Generator{
		Lag:       newLag(time.Now),
		idleTicks: idleTicks,
		wake:      make(chan struct{}, 1),
		stop:      make(chan struct{}),
		done:      make(chan struct{}),
	}
}

// Opened counts a stream that begins.
func (g *Generator) Opened() {
	g.opened.Add(1)
	g.open.Add(1)
	g.watch()
}

// Closed counts the end of one, once for each Opened.
func (g *Generator) Closed() { g.open.Add(-1) }

// Passed counts a stream of another driver: only its end is known.
func (g *Generator) Passed() {
	g.passed.Add(1)
	g.watch()
}

// Open streams now. It is false as long as this process opened none itself: those of other drivers
// are not seen.
func (g *Generator) Open() (int64, bool) { return g.open.Load(), g.opened.Load() > 0 }

// Started is how many streams began so far, those of other drivers when they ended.
func (g *Generator) Started() int64 { return g.opened.Load() + g.passed.Load() }

// Began notes the first scenario that a stream was seen in.
func (g *Generator) Began(name string, at time.Time) {
	if g.scenario.Load() == nil {
		g.scenario.CompareAndSwap(nil, &Scenario{name, at})
	}
}

// Scenario that was noted; nil before the first stream.
func (g *Generator) Scenario() *Scenario { return g.scenario.Load() }

// Stop ends the ticker for good. k6 tells no extension that its process ends: this is for tests.
func (g *Generator) Stop() {
	g.start.Do(func() { close(g.done) })
	select {
	case <-g.stop:
	default:
		close(g.stop)
	}
	<-g.done
}

// watch makes sure that the ticker runs. The stream was counted before: tick looks again after it
// has said that it pauses, so one of the two notices the other.
func (g *Generator) watch() {
	g.start.Do(func() { go g.tick() })
	if g.paused.Load() {
		select {
		case g.wake <- struct{}{}:
		default:
		}
	}
}

// tick is the goroutine of the ticker.
func (g *Generator) tick() {
	defer close(g.done)
	timer := time.NewTimer(g.Lag.start())
	defer timer.Stop()
	idle, seen := 0, g.Started()
	for {
		select {
		case <-g.stop:
			return
		case <-timer.C:
		}
		wait := g.Lag.tick()
		idle++
		if started := g.Started(); started != seen || g.open.Load() > 0 {
			idle, seen = 0, started
		}
		if idle >= g.idleTicks {
			if !g.pause(seen) {
				return
			}
			idle, wait = 0, g.Lag.start()
		}
		timer.Reset(wait)
	}
}

// pause until there is a stream again. False: stopped.
func (g *Generator) pause(seen int64) bool {
	g.Lag.pause()
	g.paused.Store(true)
	defer g.paused.Store(false)
	if g.Started() != seen {
		return true
	}
	select {
	case <-g.stop:
		return false
	case <-g.wake:
		return true
	}
}
