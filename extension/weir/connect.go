package weir

import (
	"context"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"
	"go.k6.io/k6/v2/lib"
	"golang.org/x/net/http/httpguts"

	"github.com/k6-weir/xk6-weir/internal/exchange"
	"github.com/k6-weir/xk6-weir/internal/record"
)

const (
	defaultMaxMessageBytes = 4 << 20
	maxMaxMessageBytes     = 64 << 20
)

var errConnectOutside = errors.New("connect must be called in an iteration, not while initialising")

// sockets are those of a VU's iteration.
type sockets struct {
	transport *http.Transport
	open      map[*connection]struct{}
}

// enter ends what is left of the last iteration, whose context is done: a script that forgets to close
// a connection leaves nothing behind.
func (s *sockets) enter() {
	for c := range s.open {
		<-c.socket.Done()
		c.sample()
	}
	s.open = map[*connection]struct{}{}
}

// with is how a VU connects: through its own dialer and with its own TLS, as k6/websockets does, or
// with TLS options of the connection's own. Nothing is pooled, so only the first kind is kept.
func (s *sockets) with(state *lib.State, options *exchange.TLS) (*http.Transport, error) {
	if options == nil && s.transport != nil {
		return s.transport, nil
	}
	config := state.TLSConfig.Clone()
	if options != nil {
		var err error
		if config, err = options.Config(config); err != nil {
			return nil, err
		}
	}
	made := exchange.UpgradeTransport(&http.Transport{
		DialContext:     state.Dialer.DialContext,
		TLSClientConfig: config,
		Proxy:           http.ProxyFromEnvironment,
	})
	if options == nil {
		s.transport = made
	}
	return made, nil
}

// connectRequest is a checked ConnectRequest.
type connectRequest struct {
	exchange.Opening
	name string
	tags map[string]string
	tls  *exchange.TLS
}

// connect is the function of that name in index.d.ts.
func (m *module) connect(argument sobek.Value) *sobek.Promise {
	rt, state := m.vu.Runtime(), m.vu.State()
	if state == nil {
		common.Throw(rt, errConnectOutside)
	}
	request, err := m.readConnect(argument)
	if err != nil {
		common.Throw(rt, err)
	}
	ctx := m.vu.Context()
	m.enter(ctx)
	c := &connection{
		m: m, ctx: ctx, request: request, state: state, tags: state.Tags.GetCurrentValues(),
	}
	setUp(request.HTTP, state)
	transport, err := m.sockets.with(state, request.tls)
	if err != nil {
		common.Throw(rt, err)
	}
	jar := state.CookieJar
	promise, resolve, _ := rt.NewPromise()
	callback := m.vu.RegisterCallback()
	go func() {
		socket := exchange.Open(ctx, transport, &request.Opening)
		keepCookies(jar, request.HTTP.URL, socket.Response())
		callback(func() error { return c.opened(socket, resolve) })
	}()
	return promise
}

// setUp adds what k6 adds to every request.
func setUp(r *http.Request, state *lib.State) {
	if agent := state.Options.UserAgent; agent.Valid && r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", agent.String)
	}
	if state.CookieJar != nil {
		for _, cookie := range state.CookieJar.Cookies(r.URL) {
			r.AddCookie(cookie)
		}
	}
}

func keepCookies(jar *cookiejar.Jar, from *url.URL, response *http.Response) {
	if jar == nil || response == nil {
		return
	}
	if cookies := response.Cookies(); len(cookies) > 0 {
		jar.SetCookies(from, cookies)
	}
}

// settled runs what is left for a script that was not cut, or else records what it cannot any more.
func (m *module) settled(ctx context.Context, resolve func() error) (err error) {
	if ctx.Err() == nil {
		err = resolve()
	}
	if ctx.Err() != nil {
		m.emitAllInterrupted()
	}
	return err
}

func (m *module) readConnect(argument sobek.Value) (*connectRequest, error) {
	o := &options{rt: m.vu.Runtime()}
	given := o.object("request", argument, "url", "headers", "subprotocols", "timeouts", "name", "tags",
		"identity", "startedAt", "marks", "maxMessageBytes", "maxConnections", "tls")
	given.name = ""
	r := &connectRequest{name: given.text("name"), tags: given.texts("tags")}
	r.HTTP = readUpgrade(given)
	r.Subprotocols = readSubprotocols(given)
	r.Timeouts = readTimeouts(given)
	r.MaxMessageBytes = int64(given.optionalNumber("maxMessageBytes", 1, maxMaxMessageBytes, defaultMaxMessageBytes))
	r.MaxConnections, r.Slots = readMaxConnections(given), &m.root.slots
	r.tls = readTLS(given)
	r.Seen.Identity = readIdentity(given)
	r.Seen.StartedAt = given.number("startedAt", minEpochMs, maxEpochMs)
	r.Seen.Marks.Leased = readLeased(given)
	return r, o.err
}

func readLeased(given object) *float64 {
	if !given.given("marks") {
		return nil
	}
	marks := given.child("marks", "leased")
	if !marks.given("leased") {
		return nil
	}
	leased := record.Round(marks.number("leased", 0, maxTimeoutMs))
	return &leased
}

// readUpgrade: URL and headers are full of secrets; no error repeats any of them.
func readUpgrade(given object) *http.Request {
	target, ok := readSocketURL(given.secret("url"))
	if !ok {
		given.failSecret("url", "be a ws or wss URL with a host and no fragment", kindOf(given.get("url")))
	}
	if given.err != nil {
		return nil
	}
	request := &http.Request{
		Method: http.MethodGet, URL: target, Host: target.Host,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody,
	}
	setHeaders(given, request)
	for name := range request.Header {
		lower := strings.ToLower(name)
		if lower == "upgrade" || lower == "connection" || strings.HasPrefix(lower, "sec-websocket-") {
			given.failSecret(joined("headers", name), "not be there: it belongs to the upgrade", "a string")
		}
	}
	return request
}

// readSocketURL gives the URL of the upgrade.
func readSocketURL(text string) (*url.URL, bool) {
	target, err := url.Parse(text)
	if err != nil || target.Hostname() == "" || target.Fragment != "" {
		return nil, false
	}
	switch target.Scheme {
	case "ws":
		target.Scheme = "http"
	case "wss":
		target.Scheme = "https"
	default:
		return nil, false
	}
	return target, true
}

func readSubprotocols(given object) []string {
	if !given.given("subprotocols") {
		return nil
	}
	value := given.get("subprotocols")
	items, ok := value.Export().([]any)
	if !ok {
		given.fail("subprotocols", "be an array of strings", value)
		return nil
	}
	names := make([]string, 0, len(items))
	for _, item := range items {
		name, ok := item.(string)
		// A protocol's name is a token, like the name of a header.
		if !ok || !httpguts.ValidHeaderFieldName(name) || slices.Contains(names, name) {
			given.failSecret("subprotocols", "be an array of different names", "one that is not")
		}
		names = append(names, name)
	}
	return names
}
