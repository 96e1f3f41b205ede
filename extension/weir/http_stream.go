package weir

import (
	"context"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"
	"go.k6.io/k6/v2/lib"
	"go.k6.io/k6/v2/lib/netext/httpext"
	"go.k6.io/k6/v2/metrics"

	"github.com/k6-weir/xk6-weir/internal/exchange"
)

var errNotInIteration = errors.New("httpStream must be called in an iteration, not while initialising")

// httpStream is the function of that name in index.d.ts.
func (m *module) httpStream(argument sobek.Value) *sobek.Promise {
	state := m.vu.State()
	if state == nil {
		common.Throw(m.vu.Runtime(), errNotInIteration)
	}
	request, err := m.readRequest(argument)
	if err != nil {
		common.Throw(m.vu.Runtime(), err)
	}
	ctx := m.vu.Context()
	m.enter(ctx)
	transport, err := m.transport.with(state, request.tls)
	if err != nil {
		common.Throw(m.vu.Runtime(), err)
	}
	promise, resolve, reject := m.vu.Runtime().NewPromise()
	queue := newTaskQueue(m.vu)
	call := &call{
		request:   request,
		state:     state,
		transport: transport,
		jar:       state.CookieJar,
		tags:      state.Tags.GetCurrentValues(),
	}
	setUp(request.HTTP, state)
	m.root.opened(ctx)
	own, stop := context.WithCancelCause(ctx)
	var events *bursts
	if request.onEvents != nil {
		events = newBursts(m.vu.Runtime(), ctx, queue, request.onEvents, stop)
		request.Collect.OnBurst = events.deliver
	}
	go func() {
		result := call.run(own)
		stop(nil)
		m.root.closed()
		queue.close(func() error {
			return m.settleStream(ctx, newHandle(m.vu.Runtime(), result), events, resolve, reject)
		})
	}()
	return promise
}

// settleStream settles the promise of a stream; events is nil where the script wanted none.
func (m *module) settleStream(
	ctx context.Context, h *handle, events *bursts, resolve, reject func(any) error,
) error {
	if events != nil && events.thrown != nil {
		return m.settleThrown(ctx, h, events.thrown, reject)
	}
	return m.settle(ctx, h, resolve)
}

// settleThrown: nobody gets the handle of a stream whose script threw while it ran, so it is emitted
// here. The exception goes on from the promise.
func (m *module) settleThrown(ctx context.Context, h *handle, thrown error, reject func(any) error) error {
	m.iteration.open[h.seen.ID] = h
	m.emitInterrupted(h.seen.ID)
	if ctx.Err() != nil {
		m.emitAllInterrupted()
		return nil
	}
	return reject(exception(m.vu.Runtime(), thrown))
}

// settle hands the result to the script, or, when the iteration was cut and its script does not run
// any more, emits it here. It runs on the VU's goroutine while k6 waits for the iteration to end, so
// the samples channel is open; later it may not be.
func (m *module) settle(ctx context.Context, h *handle, resolve func(any) error) error {
	m.iteration.open[h.seen.ID] = h
	return m.settled(ctx, func() error { return resolve(h.js) })
}

// call is what a goroutine may know of its VU: no JavaScript value is in it.
type call struct {
	request   *streamRequest
	state     *lib.State
	transport http.RoundTripper
	jar       *cookiejar.Jar
	tags      metrics.TagsAndMeta
}

func (c *call) run(ctx context.Context) *exchange.Result {
	tracer := &httpext.Tracer{}
	traced := httptrace.WithClientTrace(ctx, tracer.Trace())
	result := exchange.Do(traced, c.transport, &c.request.Request)
	keepCookies(c.jar, c.request.HTTP.URL, result.Response)
	if result.NoPlace {
		return result // there was no request
	}
	// As k6 does: a request that the end of the run cut off has no samples of its own.
	metrics.PushIfNotDone(ctx, c.state.Samples, c.trail(tracer, result))
	return result
}
