package generator

import (
	"sync"
	"time"
)

// interval of the ticker: short against the gaps of a stream, long against what a tick costs.
const interval = 10 * time.Millisecond

// Lag is how late the ticker is: what the scheduler of Go and that of the machine, garbage collection
// and a starved container add to everything this process does at a time.
type Lag struct {
	now func() time.Time

	mu       sync.Mutex
	due      time.Time // when the next tick should come; zero: the ticker does not run
	last     time.Duration
	ticked   bool
	watchers []*LagWatcher
}

func newLag(now func() time.Time) *Lag { return &Lag{now: now} }

// start says how long to wait for the first tick.
func (l *Lag) start() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due = l.now().Add(interval)
	return interval
}

// pause: what nobody measures is not known.
func (l *Lag) pause() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due = time.Time{}
	l.ticked = false
}

// tick says how long to wait for the next one. That is due one interval after this one came, so that
// one pause of the process is one late tick and not the start of many.
func (l *Lag) tick() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	l.last = max(0, now.Sub(l.due))
	l.ticked = true
	l.due = now.Add(interval)
	for _, watcher := range l.watchers {
		watcher.worst = max(watcher.worst, l.last)
		watcher.ticked = true
	}
	return interval
}

// LagWatcher gives the worst lag between two looks at it.
type LagWatcher struct {
	lag    *Lag
	worst  time.Duration
	ticked bool
}

// Watcher of its own for each who looks: they do not take each other's worst.
func (l *Lag) Watcher() *LagWatcher {
	l.mu.Lock()
	defer l.mu.Unlock()
	watcher := &LagWatcher{lag: l}
	l.watchers = append(l.watchers, watcher)
	return watcher
}

// Worst since the last call. A tick that is overdue counts as late as it is by now: a process that
// does not get to tick is the one to be noticed. Where no tick came since, the last one is told again:
// many looks within one interval must not water the numbers down. False before anything is known.
func (w *LagWatcher) Worst() (time.Duration, bool) {
	l := w.lag
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.due.IsZero() {
		return 0, false
	}
	worst, known := w.worst, w.ticked
	if !w.ticked {
		worst, known = l.last, l.ticked
	}
	if overdue := l.now().Sub(l.due); overdue > 0 {
		worst, known = max(worst, overdue), true
	}
	w.worst, w.ticked = 0, false
	return worst, known
}
