package weir

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/grafana/sobek"
	"golang.org/x/net/http/httpguts"

	"github.com/k6-weir/xk6-weir/internal/exchange"
	"github.com/k6-weir/xk6-weir/internal/record"
	"github.com/k6-weir/xk6-weir/internal/rules"
)

// The defaults of index.d.ts and the bounds that go with them.
const (
	defaultStallMs = 2000
	defaultDrainMs = 250
	maxDrainMs     = 60_000
	maxTimeoutMs   = 3_600_000
	maxBodyBytes   = 16 << 20
	// Epoch milliseconds that are no mistake: from 2001 to 2286, so seconds are none of them.
	minEpochMs, maxEpochMs = 1e12, 1e13
)

// streamRequest is a checked HttpStreamRequest.
type streamRequest struct {
	exchange.Request
	name     string
	tags     map[string]string
	onEvents sobek.Callable
	tls      *exchange.TLS
}

func (m *module) readRequest(argument sobek.Value) (*streamRequest, error) {
	o := &options{rt: m.vu.Runtime()}
	given := o.object("request", argument, append([]string{"method", "url", "headers", "body", "rules",
		"timeouts", "stallMs", "drainMs", "name", "tags", "identity", "startedAt", "marks", "timeline",
		"maxConnections", "tls"},
		extraKeys...)...)
	given.name = ""
	r := &streamRequest{name: given.text("name"), tags: given.texts("tags")}
	r.HTTP = readHTTP(given)
	r.Timeouts = readTimeouts(given)
	r.StallMs = given.optionalNumber("stallMs", 1, maxTimeoutMs, defaultStallMs)
	r.Drain = milliseconds(given.optionalNumber("drainMs", 0, maxDrainMs, defaultDrainMs))
	r.Timeline = given.optionalFlag("timeline")
	r.MaxConnections, r.Slots = readMaxConnections(given), &m.root.slots
	r.tls = readTLS(given)
	extras := readExtras(given)
	r.Collect, r.CancelAfter, r.onEvents = extras.Options, extras.cancelAfter, extras.onEvents
	r.Seen.Identity = readIdentity(given)
	r.Seen.StartedAt = given.number("startedAt", minEpochMs, maxEpochMs)
	r.Seen.Marks.Leased = readLeased(given)
	if o.err == nil {
		r.Rules, o.err = m.readRules(given.get("rules"))
	}
	return r, o.err
}

func readTimeouts(given object) exchange.Timeouts {
	t := given.child("timeouts", "connectMs", "headersMs", "firstEventMs", "idleMs", "totalMs")
	limit := func(key string) time.Duration { return milliseconds(t.number(key, 1, maxTimeoutMs)) }
	return exchange.Timeouts{
		Connect:    limit("connectMs"),
		Headers:    limit("headersMs"),
		FirstEvent: limit("firstEventMs"),
		Idle:       limit("idleMs"),
		Total:      limit("totalMs"),
	}
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

func readIdentity(given object) record.Identity {
	i := given.child("identity", "id", "run", "instance", "scenario", "vu", "iteration", "attempt",
		"dialect", "driver", "account", "kind", "conversation", "turn", "step", "warmup", "labels")
	identity := record.Identity{
		ID:           i.text("id"),
		Run:          i.optionalText("run"),
		Instance:     i.whole("instance"),
		Scenario:     i.text("scenario"),
		VU:           i.whole("vu"),
		Iteration:    i.whole("iteration"),
		Attempt:      i.whole("attempt"),
		Dialect:      i.text("dialect"),
		Driver:       i.choice("driver", "extension"),
		Account:      i.optionalText("account"),
		Kind:         i.optionalText("kind"),
		Conversation: i.optionalText("conversation"),
		Step:         i.optionalText("step"),
		Warmup:       i.optionalFlag("warmup"),
		Labels:       i.texts("labels"),
	}
	if i.given("turn") {
		turn := i.whole("turn")
		identity.Turn = &turn
	}
	return identity
}

// readHTTP: URL, headers and body are full of secrets; no error repeats any of them.
func readHTTP(given object) *http.Request {
	method := http.MethodPost
	if given.given("method") {
		method = given.choice("method", http.MethodGet, http.MethodPost, http.MethodPut)
	}
	target, ok := readURL(given.secret("url"))
	if !ok {
		given.failSecret("url", "be an http or https URL with a host", kindOf(given.get("url")))
	}
	body := ""
	if given.given("body") {
		body = given.secret("body")
	}
	if len(body) > maxBodyBytes {
		given.failSecret("body", "be at most 16 MiB", fmt.Sprintf("%d bytes", len(body)))
	}
	if given.err != nil {
		return nil
	}
	request := &http.Request{
		Method: method, URL: target, Host: target.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	setBody(request, body)
	setHeaders(given, request)
	return request
}

func readURL(text string) (*url.URL, bool) {
	target, err := url.Parse(text)
	if err != nil || target.Hostname() == "" || target.Scheme != "http" && target.Scheme != "https" {
		return nil, false
	}
	target.Fragment = ""
	return target, true
}

func setHeaders(given object, request *http.Request) {
	request.Header = http.Header{}
	for name, value := range given.texts("headers") {
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			given.failSecret("headers", "have valid names", "one that is not")
		case !httpguts.ValidHeaderFieldValue(value):
			given.failSecret(joined("headers", name), "have no control characters", "some")
		case strings.EqualFold(name, "Host"):
			request.Host = value
		default:
			request.Header.Add(name, value)
		}
	}
	// http.Client does this, a transport does not.
	if user := request.URL.User; user != nil && request.Header.Get("Authorization") == "" {
		password, _ := user.Password()
		request.SetBasicAuth(user.Username(), password)
	}
}

// readRules takes rules for a body of HTTP.
func (m *module) readRules(value sobek.Value) (*rules.Rules, error) {
	compiled, err := m.compileRules(value)
	if err == nil && compiled.Framing == rules.Message {
		return nil, errors.New(`rules.framing must be one of sse, ndjson for HTTP, got "message"`)
	}
	return compiled, err
}

// compileRules compiles rules once: per object of this VU, and per JSON in the process.
func (m *module) compileRules(value sobek.Value) (*rules.Rules, error) {
	if !isObject(value) {
		return nil, fmt.Errorf("rules must be an object, got %s", kindOf(value))
	}
	js := value.ToObject(m.vu.Runtime())
	if known, ok := m.parsed[js]; ok {
		return known, nil
	}
	source, err := js.MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("rules must be plain data: %w", err)
	}
	compiled, err := m.root.rules.Compile(string(source))
	if err != nil {
		return nil, err
	}
	m.remember(js, compiled)
	return compiled, nil
}

// remember bounds what it keeps alive: a script that builds its rules anew for each request gains
// nothing from it and must not fill the memory.
func (m *module) remember(js *sobek.Object, compiled *rules.Rules) {
	const most = 16
	if m.parsed == nil || len(m.parsed) >= most {
		m.parsed = map[*sobek.Object]*rules.Rules{}
	}
	m.parsed[js] = compiled
}

func setBody(request *http.Request, body string) {
	if body == "" {
		request.Body = http.NoBody
		return
	}
	// The transport starts over when a connection from the pool is found dead before anything was
	// written to it: that needs the body again.
	replay := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }
	request.ContentLength = int64(len(body))
	request.GetBody = replay
	request.Body, _ = replay()
}
