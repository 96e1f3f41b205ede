package weir

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"
	"go.k6.io/k6/v2/lib"
	"go.k6.io/k6/v2/metrics"

	"github.com/k6-weir/xk6-weir/internal/exchange"
	"github.com/k6-weir/xk6-weir/internal/rules"
)

const (
	defaultCloseWaitMs = 1000
	maxCloseWaitMs     = 60_000
	maxReasonBytes     = 123 // a control frame holds 125, two are the code
)

var (
	errExchangeRuns = errors.New("exchange must not be called while another one of the connection runs")
	errForeign      = errors.New("a connection must be used in the iteration that opened it")
)

// connection is a Connection of index.d.ts. Its fields are touched on the event loop only.
type connection struct {
	m       *module
	ctx     context.Context // of its iteration
	request *connectRequest
	state   *lib.State
	tags    metrics.TagsAndMeta
	socket  *exchange.Socket
	// unasked is what the first stream is recorded as until exchange is called.
	unasked *handle
	running bool // an exchange
	sampled bool // the session
}

// opened hands the connection to the script. From here on its first stream is one that must not be
// lost.
func (c *connection) opened(socket *exchange.Socket, resolve func(any) error) error {
	m := c.m
	c.socket = socket
	m.sockets.open[c] = struct{}{}
	c.sampleOpening()
	c.unasked = newHandle(m.vu.Runtime(), socket.Unasked())
	m.iteration.open[c.unasked.seen.ID] = c.unasked
	return m.settled(c.ctx, func() error { return resolve(c.object()) })
}

func (c *connection) object() *sobek.Object {
	rt := c.m.vu.Runtime()
	object := rt.NewObject()
	for name, value := range map[string]any{
		"handshake": c.handshake(rt), "exchange": c.exchange, "close": c.close,
	} {
		_ = object.DefineDataProperty(name, rt.ToValue(value), sobek.FLAG_FALSE, sobek.FLAG_FALSE, sobek.FLAG_TRUE)
	}
	return object
}

func (c *connection) handshake(rt *sobek.Runtime) *sobek.Object {
	object := rt.NewObject()
	set := func(name string, value any) { _ = object.Set(name, value) }
	set("open", c.socket.Opened())
	set("headers", toJS(rt, reflect.ValueOf(c.unasked.headers)))
	if response := c.socket.Response(); response != nil {
		set("status", response.StatusCode)
		if protocol := response.Header.Get("Sec-Websocket-Protocol"); protocol != "" && c.socket.Opened() {
			set("subprotocol", protocol)
		}
	}
	if body := c.socket.Refusal(); body != nil {
		set("body", *body)
	}
	return object
}

// exchange is the method of that name in index.d.ts.
func (c *connection) exchange(message, argument sobek.Value) *sobek.Promise {
	m := c.m
	rt := m.vu.Runtime()
	question, onEvents, err := c.readQuestion(message, argument)
	switch {
	case m.vu.Context() != c.ctx:
		err = errForeign
	case c.running:
		err = errExchangeRuns
	}
	if err != nil {
		common.Throw(rt, err)
	}
	c.running = true
	if c.unasked != nil {
		delete(m.iteration.open, c.unasked.seen.ID)
		c.unasked = nil
	}
	promise, resolve, reject := rt.NewPromise()
	queue := newTaskQueue(m.vu)
	var events *bursts
	if onEvents != nil {
		events = newBursts(rt, c.ctx, queue, onEvents, func(error) { c.socket.Stop() })
		question.Collect.OnBurst = events.deliver
	}
	m.root.opened(c.ctx)
	go func() {
		result := c.socket.Ask(question)
		m.root.closed()
		queue.close(func() error {
			c.running = false
			c.sampleExchange(result)
			return m.settleStream(c.ctx, newHandle(rt, result), events, resolve, reject)
		})
	}()
	return promise
}

func (c *connection) readQuestion(message, argument sobek.Value) (*exchange.Question, sobek.Callable, error) {
	o := &options{rt: c.m.vu.Runtime()}
	q := &exchange.Question{Message: c.readMessage(o, message)}
	given := o.object("options", argument, append([]string{
		"rules", "stallMs", "identity", "startedAt", "marks", "timeline", "close",
	}, extraKeys...)...)
	given.name = ""
	q.StallMs = given.optionalNumber("stallMs", 1, maxTimeoutMs, defaultStallMs)
	q.Timeline = given.optionalFlag("timeline")
	q.Close = given.optionalFlag("close")
	extra := readExtras(given)
	q.Collect, q.CancelAfter = extra.Options, extra.cancelAfter
	c.readIdentity(given, q)
	if o.err == nil {
		q.Rules, o.err = c.m.compileRules(given.get("rules"))
	}
	if o.err == nil && q.Rules.Framing != rules.Message {
		o.err = fmt.Errorf(`rules.framing must be "message" for a WebSocket, got %q`, q.Rules.Framing)
	}
	return q, extra.onEvents, o.err
}

func (c *connection) readMessage(o *options, value sobek.Value) string {
	if value == nil {
		value = sobek.Undefined()
	}
	message, ok := value.Export().(string)
	if !ok {
		o.failSecret("message", "be a string", kindOf(value))
	}
	if len(message) > maxBodyBytes {
		o.failSecret("message", "be at most 16 MiB", fmt.Sprintf("%d bytes", len(message)))
	}
	return message
}

// readIdentity: the first stream of a connection began with it, every other one says who it is.
func (c *connection) readIdentity(given object, q *exchange.Question) {
	q.Seen = c.request.Seen
	first := c.unasked != nil
	if !first || given.given("identity") {
		q.Seen.Identity = readIdentity(given)
	}
	if !first || given.given("startedAt") {
		q.Seen.StartedAt = given.number("startedAt", minEpochMs, maxEpochMs)
	}
	if !first || given.given("marks") {
		q.Seen.Marks.Leased = readLeased(given)
	}
}

// close is the method of that name in index.d.ts.
func (c *connection) close(codeValue, reasonValue, waitValue sobek.Value) *sobek.Promise {
	m := c.m
	rt := m.vu.Runtime()
	code, reason, wait, err := readClose(rt, codeValue, reasonValue, waitValue)
	if m.vu.Context() != c.ctx {
		err = errForeign
	}
	if err != nil {
		common.Throw(rt, err)
	}
	promise, resolve, _ := rt.NewPromise()
	callback := m.vu.RegisterCallback()
	go func() {
		peer, clean := c.socket.Close(code, reason, wait)
		callback(func() error {
			c.sample()
			return m.settled(c.ctx, func() error {
				closed := rt.NewObject()
				_ = closed.Set("clean", clean)
				if peer != nil {
					_ = closed.Set("code", *peer)
				}
				return resolve(closed)
			})
		})
	}()
	return promise
}

func readClose(rt *sobek.Runtime, code, reason, wait sobek.Value) (int, string, time.Duration, error) {
	o := &options{rt: rt}
	arguments := rt.NewObject()
	for name, value := range map[string]sobek.Value{"code": code, "reason": reason, "waitMs": wait} {
		if value != nil {
			_ = arguments.Set(name, value)
		}
	}
	given := o.object("", arguments)
	number := given.optionalNumber("code", 1000, 4999, 1000)
	if number != 1000 && number < 3000 || number != float64(int(number)) {
		given.fail("code", "be 1000 or a whole number from 3000 to 4999", given.get("code"))
	}
	text := given.optional("reason")
	if len(text) > maxReasonBytes {
		given.failSecret("reason", "be at most 123 bytes", fmt.Sprintf("%d bytes", len(text)))
	}
	limit := milliseconds(given.optionalNumber("waitMs", 0, maxCloseWaitMs, defaultCloseWaitMs))
	return int(number), text, limit, o.err
}
