package exchange

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// Timeouts of one exchange; what each of them covers is in index.d.ts.
type Timeouts struct {
	Connect    time.Duration
	Headers    time.Duration
	FirstEvent time.Duration
	Idle       time.Duration
	Total      time.Duration
}

// expired is the cause with which a timeout cancels: its name is that of the record.
type expired struct{ timeout string }

func (e *expired) Error() string { return e.timeout + " timeout" }

func isExpired(cause error) bool {
	var timeout *expired
	return errors.As(cause, &timeout)
}

var (
	errInterrupted = errors.New("the iteration was interrupted")
	errCancelled   = errors.New("the stream was stopped on purpose")
	errDrained     = errors.New("the time to read on after the end is over")
)

// watch holds the timers of one exchange. Cancelling its context is what unblocks a read or a write.
type watch struct {
	cancel   context.CancelCauseFunc
	timeouts Timeouts
	// lastRead is when bytes came last, in nanoseconds of the process clock. Reads only store it;
	// the idle timer looks when it fires, so that a read never touches a timer.
	lastRead atomic.Int64
	// conn, where it is known, saw bytes that no body read has returned yet.
	conn atomic.Pointer[conn]

	// quiet: no phase timer runs, so that no event needs to stop one.
	quiet atomic.Bool

	mu      sync.Mutex
	stopped bool
	phase   *time.Timer // connect, then headers, then first event, then drain; nil before
	idle    *time.Timer
	total   *time.Timer
	cut     *time.Timer // stops the stream on purpose

	cancelAfter time.Duration // how long after the request was sent; 0: never
}

func startWatch(cancel context.CancelCauseFunc, timeouts Timeouts) *watch {
	w := &watch{cancel: cancel, timeouts: timeouts}
	w.total = w.after("total", timeouts.Total)
	return w
}

func (w *watch) after(name string, limit time.Duration) *time.Timer {
	return time.AfterFunc(limit, func() { w.cancel(&expired{name}) })
}

// enter replaces the phase timer.
func (w *watch) enter(name string, limit time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	if w.phase != nil {
		w.phase.Stop()
	}
	w.phase = w.after(name, limit)
	w.quiet.Store(false)
}

// connecting, or connecting anew: the transport tries again when a reused connection turned out to be dead.
func (w *watch) connecting() { w.enter("connect", w.timeouts.Connect) }

// awaitHeaders starts when there is a connection and again when the request is sent: a peer that
// does not take the request is as silent as one that does not answer it.
func (w *watch) awaitHeaders() { w.enter("headers", w.timeouts.Headers) }

// cancelLater starts the timer of cancelAfter; it is called again when the transport tried again.
func (w *watch) cancelLater() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped || w.cancelAfter == 0 {
		return
	}
	if w.cut != nil {
		w.cut.Stop()
	}
	w.cut = time.AfterFunc(w.cancelAfter, func() { w.cancel(errCancelled) })
}

func (w *watch) awaitEvent() { w.enter("first-event", w.timeouts.FirstEvent) }

// gotEvent leaves only the idle and total timers.
func (w *watch) gotEvent() {
	if w.quiet.Load() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.quiet.Store(true)
	w.phase.Stop()
}

// awaitRead starts the idle timer, if it is not running.
func (w *watch) awaitRead() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.phase.Stop()
	w.startIdle()
}

// read says that bytes came. The first of them starts the idle timer.
func (w *watch) read() {
	if w.lastRead.Swap(processNow()) == 0 {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.startIdle()
	}
}

func (w *watch) startIdle() {
	if w.stopped || w.idle != nil {
		return
	}
	w.lastRead.CompareAndSwap(0, processNow())
	w.idle = time.AfterFunc(w.timeouts.Idle, w.checkIdle)
}

func (w *watch) checkIdle() {
	last := w.lastRead.Load()
	if c := w.conn.Load(); c != nil {
		last = max(last, c.lastRead.Load())
	}
	left := w.timeouts.Idle - time.Duration(processNow()-last)
	if left <= 0 {
		w.cancel(&expired{"idle"})
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped {
		w.idle.Reset(left)
	}
}

// drain replaces all timers: the stream is over and only its connection is still of interest.
func (w *watch) drain(limit time.Duration) {
	w.stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.phase = time.AfterFunc(limit, func() { w.cancel(errDrained) })
}

func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.total.Stop()
	if w.phase != nil {
		w.phase.Stop()
	}
	if w.idle != nil {
		w.idle.Stop()
	}
	if w.cut != nil {
		w.cut.Stop()
	}
}
