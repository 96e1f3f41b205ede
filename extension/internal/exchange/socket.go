package exchange

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"github.com/k6-weir/xk6-weir/internal/record"
)

const (
	// closeWait is how long a peer may take to answer our Close after a stream that is over.
	closeWait = time.Second
	// controlWait is how long a control frame may wait for a peer that does not read.
	controlWait = time.Second
	// keptBuffer: a larger message's buffer is not kept for the next one.
	keptBuffer = 64 << 10
)

var (
	errNotText = errors.New("a text message is not UTF-8")
)

// Socket is one WebSocket connection, which carries one exchange after the other. From its opening to
// its end a goroutine reads it: pings are answered and a Close is noticed between exchanges too, and
// what comes there is counted and thrown away.
type Socket struct {
	opening    *Opening
	ctx        context.Context // of the iteration
	started    time.Time
	connecting time.Duration
	clock      clock
	trace      *trace
	response   *http.Response
	headersAt  time.Time
	// slot under MaxConnections; nil where there is no limit, or none came free in time.
	slot       *Slot
	slotFreeAt time.Time
	refusal    *string
	err        error // of the transport

	// failed is why there is no connection; nil when there was one.
	failed   *failure
	failedAt time.Time

	tunnel *tunnel
	ws     *websocket.Conn
	unhook func() bool
	buffer []byte // of the reading goroutine
	// received messages that were not taken yet.
	received atomic.Int64
	done     chan struct{} // closed when the reading goroutine has ended

	mu      sync.Mutex
	turn    *turn    // the exchange that runs
	asked   bool     // there was one
	closing bool     // Close was called
	cause   error    // why we dropped the connection
	ended   *failure // how it ended; nil while it is open
	endedAt time.Time
}

// Opened tells whether the upgrade succeeded.
func (s *Socket) Opened() bool { return s.failed == nil }

// Tried tells whether a connection was asked for: not when no place came free for it.
func (s *Socket) Tried() bool { return s.opening.MaxConnections == 0 || s.slot != nil }

// Response is the answer to the upgrade, nil when none came. Its body was read.
func (s *Socket) Response() *http.Response { return s.response }

// Refusal is the body of a refused upgrade, at most 64 KiB.
func (s *Socket) Refusal() *string { return s.refusal }

// Connecting is when the opening began and how long it took, successful or not.
func (s *Socket) Connecting() (at time.Time, took time.Duration) { return s.started, s.connecting }

// Session is how long the socket was in use, connecting included; false while it is open, or when it
// never was.
func (s *Socket) Session() (time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.endedAt.Sub(s.started), s.ended != nil
}

// Remote is the address of the peer, empty when there was no connection.
func (s *Socket) Remote() string { return s.trace.remote }

// TakeReceived is the number of messages since it was called last.
func (s *Socket) TakeReceived() int64 { return s.received.Swap(0) }

// Done is closed when nothing of the socket is left: soon after its context was done, at the latest.
func (s *Socket) Done() <-chan struct{} { return s.done }

// drop ends the connection at once. The first cause stays.
func (s *Socket) drop(cause error) {
	s.because(cause)
	s.tunnel.drop()
}

// because makes the reader take nothing more: what it has read already came too late.
func (s *Socket) because(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause == nil {
		s.cause = cause
	}
}

// dropFor is drop in the name of an exchange: one that is over has no say any more.
func (s *Socket) dropFor(t *turn, cause error) {
	s.mu.Lock()
	running := s.turn == t
	s.mu.Unlock()
	if running {
		s.drop(cause)
	}
}

// read takes messages until the connection ends.
func (s *Socket) read() {
	defer s.finish()
	for {
		kind, reader, err := s.ws.NextReader()
		if err != nil {
			s.over(err)
			return
		}
		began := s.tunnel.arrival().at
		data, err := s.whole(reader)
		if err == nil && kind == websocket.TextMessage && !utf8.Valid(data) {
			s.sendClose(websocket.CloseInvalidFramePayloadData, "", controlWait)
			err = errNotText
		}
		if err != nil {
			s.over(err)
			return
		}
		s.received.Add(1)
		s.message(kind, data, began)
	}
}

// whole reads one message into the socket's buffer, which bounds itself by gorilla's read limit.
func (s *Socket) whole(reader io.Reader) ([]byte, error) {
	data := s.buffer[:0]
	if data == nil {
		data = make([]byte, 0, 512)
	}
	for {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := reader.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err == nil {
			continue
		}
		if cap(data) <= keptBuffer {
			s.buffer = data
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return data, err
	}
}

func (s *Socket) message(kind int, data []byte, began time.Time) {
	s.mu.Lock()
	t := s.turn
	if t == nil || s.cause != nil || !t.takes(began) {
		s.mu.Unlock()
		return
	}
	next := t.message(kind, data, began, s.tunnel.arrival())
	if next == turnCancels {
		s.cause = errCancelled
	}
	s.mu.Unlock()
	switch next {
	case turnCloses:
		s.sendClose(websocket.CloseNormalClosure, "", closeWait)
	case turnCancels:
		s.cancel()
	}
}

// burstOver runs before each read of the connection: all that came with the last one is told. A
// stream that is over ends here, so that what its last read brought with it is seen as afterEnd.
func (s *Socket) burstOver() {
	s.mu.Lock()
	t := s.turn
	over := t != nil && t.over()
	if over {
		s.turn = nil
	}
	s.mu.Unlock()
	if t == nil {
		return
	}
	// Without the lock: a script that is slower than its stream holds this up, and it may want to
	// close the socket meanwhile.
	t.frames.Flush()
	if over {
		close(t.finished)
	}
}

func (s *Socket) bytesCame() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.turn != nil {
		s.turn.watch.read()
	}
}

// over: the connection has ended, or is not fit for use any more.
func (s *Socket) over(err error) {
	s.tunnel.drop()
	s.unhook()
	if t := s.ends(err); t != nil {
		t.frames.Flush()
		close(t.finished)
	}
}

// ends writes down how the connection ended; it takes the turn that this cut.
func (s *Socket) ends(err error) *turn {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, broken := s.ending(err)
	s.endedAt = time.Now()
	if f.end.By == record.EndClose {
		s.endedAt = s.tunnel.arrival().at
	}
	s.ended = &f
	t := s.turn
	if t != nil {
		s.turn = nil
		if s.closing && f.end.By == record.EndClose {
			f = failure{end: record.End{By: record.EndCancelled}}
		}
		t.cut(f, broken, s.endedAt)
	}
	return t
}
