package exchange

import (
	"time"

	"github.com/gorilla/websocket"

	"github.com/k6-weir/xk6-weir/internal/collect"
	"github.com/k6-weir/xk6-weir/internal/record"
	"github.com/k6-weir/xk6-weir/internal/rules"
)

// Question is one exchange over a socket. All of it is checked before.
type Question struct {
	Message string
	Rules   *rules.Rules
	// StallMs: longer gaps between content frames are stalls.
	StallMs float64
	// Timeline also for a stream that completes.
	Timeline bool
	// CancelAfter stops the stream so long after it was sent; 0 is never.
	CancelAfter time.Duration
	// Collect says what is kept of the frames, and after how many the stream is to stop.
	Collect collect.Options
	// Close as soon as the stream is over.
	Close bool
	// Seen so far: identity, StartedAt and the marks known before.
	Seen record.Observation
}

// turn is a running exchange. Everything but its timers is guarded by the socket's lock.
type turn struct {
	socket   *Socket
	question *Question
	first    bool // of its socket: the connection is its own
	clock    clock
	watch    *watch
	frames   *collect.Collector
	finished chan struct{} // closed by whoever takes the turn from its socket

	seen        record.Observation
	firstByte   time.Time
	sent        time.Time
	endedAt     time.Time
	readsBefore int64
	reads       int
	binary      int
	userStamps  bool // some content arrival was not stamped by the kernel
	stepped     bool
	after       record.AfterEnd
}

// what the socket has to do after a message.
type turnStep int

const (
	turnGoesOn turnStep = iota
	turnCloses
	turnCancels
)

// Ask sends a message and reads the answer. It blocks. When it returns, its timers are stopped and
// the connection is open for the next question, or closed if the stream ended in any other way than
// the one its rules say. Only one may run at a time.
func (s *Socket) Ask(question *Question) *Result {
	t := &turn{
		socket: s, question: question, clock: s.clock, finished: make(chan struct{}),
		frames: collect.New(question.Rules, question.Collect), seen: question.Seen,
	}
	if question.Seen.StartedAt != s.opening.Seen.StartedAt {
		t.clock = startClock(question.Seen.StartedAt)
	}
	if !s.Opened() {
		return s.refused(t)
	}
	frame := textFrame(question.Message)
	if s.begin(t) {
		t.run(frame)
	} else {
		t.late()
	}
	return t.result()
}

// begin is false when the connection has ended.
func (s *Socket) begin(t *turn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	t.first = !s.asked
	s.asked = true
	if s.ended != nil || s.cause != nil || s.closing {
		return false
	}
	limits := s.opening.Timeouts
	if t.first {
		// Connecting counts, the script's time between the two calls does not.
		limits.Total = max(limits.Total-s.connecting, time.Millisecond)
	}
	t.watch = startWatch(func(cause error) { s.dropFor(t, cause) }, limits)
	t.watch.conn.Store(s.trace.conn)
	if s.trace.conn != nil {
		s.trace.conn.begin()
	}
	t.watch.awaitEvent()
	t.readsBefore = s.tunnel.reads.Load()
	s.tunnel.sent.Store(0)
	s.turn = t
	return true
}

func (t *turn) run(frame []byte) {
	defer t.watch.stop()
	s := t.socket
	limit := time.Now().Add(t.watch.timeouts.Total)
	if err := s.tunnel.send(frame, limit); err == nil {
		t.awaitAnswer()
		if t.question.CancelAfter > 0 {
			defer s.cancelLater(t).Stop()
		}
	} else {
		// Why is what the reader finds behind everything that came before.
		defer time.AfterFunc(controlWait, func() { s.dropFor(t, err) }).Stop()
	}
	<-t.finished
	if sent := processTime(s.tunnel.sent.Load()); sent.Before(t.endedAt) {
		t.sent = sent // or else the connection was gone when it was to be sent
	}
}

// awaitAnswer starts the first-event timer anew, for a message that took long to send, unless the
// answer was faster.
func (t *turn) awaitAnswer() {
	t.socket.mu.Lock()
	defer t.socket.mu.Unlock()
	if !t.frames.Started() {
		t.watch.awaitEvent()
	}
}

// cancelLater counts from the mark sent.
func (s *Socket) cancelLater(t *turn) *time.Timer {
	left := t.question.CancelAfter - time.Since(processTime(s.tunnel.sent.Load()))
	return time.AfterFunc(left, func() {
		s.mu.Lock()
		running := s.turn == t && !t.frames.Over()
		s.mu.Unlock()
		if running {
			s.cancel()
		}
	})
}

// takes tells whether a message that began to come then can belong to this turn: what came before the
// question was sent does not answer it.
func (t *turn) takes(began time.Time) bool {
	sent := t.socket.tunnel.sent.Load()
	return sent != 0 && !began.Before(processTime(sent))
}

func (t *turn) message(kind int, data []byte, began time.Time, came arrival) turnStep {
	over, content := t.frames.Over(), t.frames.Content()
	if kind != websocket.TextMessage {
		t.other(len(data), over)
	} else {
		t.frames.Frame("message", data, t.clock.ms(came.at))
		t.userStamps = t.userStamps || !came.kernel && t.frames.Content() > content
		t.stepped = t.stepped || came.stepped
	}
	if over {
		t.after.Bytes += int64(len(data))
		return turnGoesOn
	}
	if t.firstByte.IsZero() {
		t.firstByte = began
	}
	t.seen.Counts.Bytes += int64(len(data))
	t.reads = int(t.socket.tunnel.reads.Load() - t.readsBefore)
	if t.frames.Started() {
		t.watch.gotEvent()
	}
	return t.next(came.at)
}

// other counts a binary message: no rules read it.
func (t *turn) other(size int, over bool) {
	if over {
		t.after.Events++
	} else {
		t.binary++
	}
}

func (t *turn) next(at time.Time) turnStep {
	question := t.question
	switch {
	case t.frames.Over():
		t.endedAt = at
		t.seen.End = record.End{By: record.EndComplete}
		if question.Close {
			t.watch.drain(closeWait)
			return turnCloses
		}
	case t.frames.Cancelled():
		return turnCancels
	}
	return turnGoesOn
}

// over tells that nothing is to be waited for.
func (t *turn) over() bool { return t.frames.Over() && !t.question.Close }

// cut ends the turn with its connection.
func (t *turn) cut(f failure, broken bool, at time.Time) {
	t.endedAt = at
	if t.frames.Over() {
		t.after.By, t.after.CloseCode = f.end.By, f.end.CloseCode
		if f.end.By == record.EndClose {
			t.seen.End.CloseCode = f.end.CloseCode
		}
		return
	}
	t.reads = int(t.socket.tunnel.reads.Load() - t.readsBefore)
	if broken {
		t.frames.Overlong()
	}
	t.failed(f)
}

func (t *turn) failed(f failure) {
	t.seen.End = f.end
	switch {
	case f.end.By == record.EndClose:
		t.seen.Error = closeError(f)
	case f.message != "":
		t.seen.Error = &record.StreamError{Message: record.ServerText(f.message), Source: "network"}
	}
}
