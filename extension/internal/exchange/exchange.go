// Package exchange sends one HTTP request and reads its answer as a stream: it frames, stamps and
// judges what arrives, until the rules say it is over, it ends in another way, or a timeout strikes.
//
// It knows net/http and no JavaScript: Do blocks and belongs on a goroutine of its own. When it
// returns, its timers are stopped and its connection is idle in the transport's pool or closed.
//
// Open does the same with a WebSocket (socket.go), whose Ask carries one exchange after the other.
package exchange

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"time"

	"github.com/k6-weir/xk6-weir/internal/collect"
	"github.com/k6-weir/xk6-weir/internal/decoding"
	"github.com/k6-weir/xk6-weir/internal/framing"
	"github.com/k6-weir/xk6-weir/internal/record"
	"github.com/k6-weir/xk6-weir/internal/rules"
)

// Request is one stream to be. All of it is checked before: nothing here is the script's mistake.
type Request struct {
	HTTP     *http.Request
	Rules    *rules.Rules
	Timeouts Timeouts
	// StallMs: longer gaps between content frames are stalls.
	StallMs float64
	// Drain is how long to read on after the end, so that the connection can be reused.
	Drain time.Duration
	// Timeline also for a stream that completes.
	Timeline bool
	// MaxConnections to the host, counted by Slots; 0: no limit.
	MaxConnections int
	Slots          *Slots
	// Collect says what is kept besides the observation.
	Collect collect.Options
	// CancelAfter is how long after the request was sent the stream is stopped on purpose; 0: never.
	CancelAfter time.Duration
	// Seen so far: identity, StartedAt and the marks known before.
	Seen record.Observation
}

// Result is what came of it.
type Result struct {
	Seen record.Observation
	// Response has no body any more. Nil when none came.
	Response *http.Response
	// Refusal is the body of an answer that was not a stream, at most 64 KiB.
	Refusal *string
	// Kept is what Collect asked for.
	Kept collect.Kept
	// Err is the transport's error, for the error tags of k6's own metrics. Nil for every exchange
	// that was in order for HTTP, whatever the stream in it was worth.
	Err error
	// NoPlace under MaxConnections came free in time: nothing was sent.
	NoPlace bool
	// EndedAt is the wall time of the end.
	EndedAt time.Time
}

// Do runs the exchange. The context is that of the iteration: when it is done, the connection is
// closed and the result ends as interrupted.
func Do(ctx context.Context, transport http.RoundTripper, request *Request) *Result {
	return newExchange(ctx, request).do(transport)
}

type exchange struct {
	request *Request
	ctx     context.Context // of the iteration
	cancel  context.CancelCauseFunc
	own     context.Context // of this exchange: cancelled with the cause
	clock   clock
	watch   *watch
	trace   *trace
	frames  *collect.Collector
	result  *Result
	parser  framing.Parser
	body    bodyCount
	chunk   chunk
	endedAt time.Time
	// conn is whose arrival stamps count, nil where reads are stamped as they return.
	conn *conn
	// userStamps: some content arrival was not stamped by the kernel.
	userStamps bool
	stepped    bool
}

func newExchange(ctx context.Context, request *Request) *exchange {
	x := &exchange{
		request: request,
		ctx:     ctx,
		clock:   startClock(request.Seen.StartedAt),
		frames:  collect.New(request.Rules, request.Collect),
		result:  &Result{Seen: request.Seen},
	}
	x.own, x.cancel = context.WithCancelCause(ctx)
	x.watch = startWatch(x.cancel, request.Timeouts)
	x.watch.cancelAfter = request.CancelAfter
	x.trace = &trace{watch: x.watch, hasBody: request.HTTP.ContentLength != 0}
	return x
}

func (x *exchange) do(transport http.RoundTripper) *Result {
	defer x.watch.stop()
	defer x.cancel(nil)
	if slot, ok := x.takeSlot(transport); ok {
		x.watch.connecting()
		x.run(transport)
		if slot != nil {
			slot.Park()
		}
	}
	return x.finish()
}

// takeSlot waits for a place under MaxConnections. It is false when none came in time.
func (x *exchange) takeSlot(transport http.RoundTripper) (*Slot, bool) {
	if x.request.MaxConnections == 0 {
		return nil, true
	}
	pool, _ := transport.(*http.Transport)
	slot, err := x.request.Slots.Take(x.own, Host(x.request.HTTP.URL), x.request.MaxConnections, pool)
	now := time.Now()
	if err != nil {
		x.endedAt = now
		x.result.NoPlace = true
		ended, _ := endedBy(x.cause())
		x.fail(ended, err)
		return nil, false
	}
	x.result.Seen.Marks.SlotFree = x.clock.mark(now)
	return slot, true
}

func (x *exchange) run(transport http.RoundTripper) {
	seen := &x.result.Seen
	own := httptrace.WithClientTrace(x.own, x.trace.hooks())
	own = context.WithValue(own, iterationKey{}, x.ctx)
	response, err := transport.RoundTrip(x.request.HTTP.WithContext(own))
	x.conn = x.trace.roundTripOver(err == nil)
	if err != nil {
		x.endedAt = time.Now()
		x.fail(x.trace.failure(x.cause(), err), err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	x.result.Response = response
	seen.Status = response.StatusCode
	// Until the body is read, the bytes that end the headers are the last ones.
	seen.Marks.Headers = x.clock.mark(x.arrival().at)
	body := decoding.Body(response)
	defer func() { _ = body.Close() }()
	if isStream(x.request.Rules.Framing, response) {
		x.watch.awaitEvent()
		x.stream(body)
	} else {
		x.watch.awaitRead()
		x.refused(response, body)
	}
}

// cause is why the context of the exchange was cancelled, nil while it was not.
func (x *exchange) cause() error {
	if x.own.Err() == nil {
		return nil
	}
	cause := context.Cause(x.own)
	if x.ctx.Err() != nil && !isExpired(cause) && !errors.Is(cause, errCancelled) {
		return errInterrupted
	}
	return cause
}

// arrival of what was read last.
func (x *exchange) arrival() arrival {
	if x.conn == nil {
		return arrival{at: time.Now()}
	}
	return x.conn.arrival()
}

func (x *exchange) fail(end failure, err error) {
	x.result.Err = err
	seen := &x.result.Seen
	seen.End = end.end
	if end.message != "" {
		seen.Error = &record.StreamError{Message: record.ServerText(end.message), Source: "network"}
	}
}

func (x *exchange) finish() *Result {
	seen := &x.result.Seen
	x.frames.Into(seen, x.request.StallMs, x.request.Timeline)
	x.result.Kept = x.frames.Kept()
	x.body.into(seen, x.clock)
	x.trace.into(seen, x.clock, x.result.Response)
	seen.Marks.End = *x.clock.mark(x.endedAt)
	seen.V = record.Version
	seen.Clock = "user"
	if seen.Counts.Content() > 0 && !x.userStamps {
		seen.Clock = "kernel"
	}
	seen.ClockStepped = x.clock.stepped(x.endedAt) || x.stepped
	x.result.EndedAt = x.endedAt
	return x.result
}
