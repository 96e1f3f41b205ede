package exchange

import (
	"context"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RFC 6455 wants it
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/k6-weir/xk6-weir/internal/record"
)

// Opening is a WebSocket to be. All of it is checked before.
type Opening struct {
	// HTTP is the GET request, with an http or https URL and without the headers of the upgrade.
	HTTP         *http.Request
	Subprotocols []string
	Timeouts     Timeouts
	// MaxMessageBytes: a longer message ends the connection.
	MaxMessageBytes int64
	// MaxConnections to the host, counted by Slots; 0: no limit.
	MaxConnections int
	Slots          *Slots
	// Seen so far of the first exchange: identity, StartedAt and the marks known before.
	Seen record.Observation
}

var errNoWebSocket = errors.New("the answer to the upgrade is not a WebSocket's")

// UpgradeTransport sends upgrades: HTTP/1.1 only, no connection is ever used twice, and net/http
// gives a connection away for good once its protocol is switched.
func UpgradeTransport(own *http.Transport) *http.Transport {
	clone := Transport(own)
	clone.DisableKeepAlives = true
	clone.DisableCompression = true
	dial := clone.DialContext
	clone.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if tied, ok := ctx.Value(tiedDialKey{}).(*tiedDial); ok {
			return tied.dial(dial, network, address)
		}
		return dial(ctx, network, address)
	}
	if clone.Proxy != nil {
		clone.Proxy = forWebSockets(clone.Proxy)
	}
	return clone
}

// tiedDial ties a dial to its request. Net/http detaches the two, for the good of later requests: a
// dial, or a TLS handshake with a silent peer, would outlive the iteration.
type tiedDial struct {
	ctx   context.Context
	proxy *url.URL    // to ask for a connection
	keep  func() bool // stops the close that the end of the context brings
}

type tiedDialKey struct{}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

func (a *tiedDial) dial(dial dialFunc, network, address string) (net.Conn, error) {
	peer := address
	if a.proxy != nil {
		peer = hostPort(a.proxy)
	}
	dialled, err := dial(a.ctx, network, peer)
	if err != nil {
		return nil, err
	}
	a.keep = context.AfterFunc(a.ctx, func() { _ = dialled.Close() })
	if a.proxy != nil {
		if err := connectThrough(dialled, a.proxy, address); err != nil {
			_ = dialled.Close()
			return nil, err
		}
	}
	return dialled, nil
}

// Open connects and upgrades. It blocks and always gives a socket: one that is not open knows why.
// The context is that of the iteration: when it is done, the connection is closed.
func Open(ctx context.Context, transport http.RoundTripper, opening *Opening) *Socket {
	s := &Socket{
		opening: opening,
		ctx:     ctx,
		started: time.Now(),
		clock:   startClock(opening.Seen.StartedAt),
		done:    make(chan struct{}),
	}
	s.upgrade(transport)
	s.connecting = time.Since(s.started)
	if s.tunnel == nil {
		s.finish()
		return s
	}
	s.unhook = context.AfterFunc(ctx, func() { s.drop(errInterrupted) })
	go s.read()
	return s
}

func (s *Socket) upgrade(transport http.RoundTripper) {
	own, cancel := context.WithCancelCause(s.ctx)
	defer cancel(nil)
	watch := startWatch(cancel, s.opening.Timeouts)
	defer watch.stop()
	s.trace = &trace{watch: watch}
	if !s.takeSlot(own) {
		return
	}
	watch.connecting()
	var connection net.Conn
	hooks := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { connection = info.Conn }}
	traced := httptrace.WithClientTrace(httptrace.WithClientTrace(own, s.trace.hooks()), hooks)
	tied := &tiedDial{ctx: traced}
	request, key := s.opening.upgradeRequest(context.WithValue(traced, tiedDialKey{}, tied))
	response, err := transport.RoundTrip(request)
	socket := s.trace.roundTripOver(err == nil)
	if err != nil {
		s.fail(s.trace.failure(s.causeOf(own), err), err)
		return
	}
	s.response, s.headersAt = response, time.Now()
	if socket != nil {
		// Until the body is read, the bytes that end the headers are the last ones.
		s.headersAt = socket.arrival().at
	}
	body, ok := response.Body.(io.ReadWriteCloser)
	if !ok || !isUpgrade(response, key) {
		watch.awaitRead()
		s.refuse(response, watch)
		return
	}
	t := &tunnel{Conn: connection, body: body, socket: socket}
	t.beforeRead, t.afterRead = s.burstOver, s.bytesCame
	if s.ws, err = t.open(); err != nil {
		t.drop()
		s.fail(failure{end: record.End{By: record.EndRefused}, message: shortly(err)}, err)
		return
	}
	s.ws.SetReadLimit(s.opening.MaxMessageBytes)
	s.ws.SetPingHandler(s.pong)
	s.ws.SetCloseHandler(s.answerClose)
	s.tunnel = t
	if tied.keep != nil {
		tied.keep()
	}
}

// takeSlot waits for a place under MaxConnections. It is false when none came in time.
func (s *Socket) takeSlot(own context.Context) bool {
	opening := s.opening
	if opening.MaxConnections == 0 {
		return true
	}
	slot, err := opening.Slots.Take(own, Host(opening.HTTP.URL), opening.MaxConnections, nil)
	if err != nil {
		ended, _ := endedBy(s.causeOf(own))
		s.fail(ended, err)
		return false
	}
	s.slot, s.slotFreeAt = slot, time.Now()
	return true
}

// finish is the last thing that a socket does; its connection is closed.
func (s *Socket) finish() {
	if s.slot != nil {
		s.slot.Release()
	}
	close(s.done)
}

// causeOf is why the context of the upgrade was cancelled, nil while it was not.
func (s *Socket) causeOf(own context.Context) error {
	if own.Err() == nil {
		return nil
	}
	if cause := context.Cause(own); isExpired(cause) {
		return cause
	}
	return errInterrupted
}

func (s *Socket) fail(f failure, err error) {
	s.failed, s.failedAt, s.err = &f, time.Now(), err
}

// refuse reads the body: it says why. Whatever happens to it, the upgrade was refused.
func (s *Socket) refuse(response *http.Response, w *watch) {
	defer func() { _ = response.Body.Close() }()
	f := failure{end: record.End{By: record.EndRefused}}
	if response.StatusCode == http.StatusSwitchingProtocols {
		f.message = errNoWebSocket.Error()
	} else {
		body, err := io.ReadAll(io.LimitReader(fed{response.Body, w}, maxRefusalBytes))
		text := string(body)
		s.refusal, s.err = &text, err
	}
	s.failed, s.failedAt = &f, time.Now()
}

// fed keeps the idle timer from striking while bytes come.
type fed struct {
	io.Reader
	watch *watch
}

func (f fed) Read(b []byte) (int, error) {
	n, err := f.Reader.Read(b)
	if n > 0 {
		f.watch.read()
	}
	return n, err
}

// upgradeRequest is RFC 6455 §4.1, with the names in the RFC's case: there are servers that insist.
func (o *Opening) upgradeRequest(ctx context.Context) (request *http.Request, key string) {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // never fails
	key = base64.StdEncoding.EncodeToString(nonce[:])
	request = o.HTTP.Clone(ctx)
	request.Header["Upgrade"] = []string{"websocket"}
	request.Header["Connection"] = []string{"Upgrade"}
	request.Header["Sec-WebSocket-Key"] = []string{key}
	request.Header["Sec-WebSocket-Version"] = []string{"13"}
	if len(o.Subprotocols) > 0 {
		request.Header["Sec-WebSocket-Protocol"] = []string{strings.Join(o.Subprotocols, ", ")}
	}
	return request, key
}

func isUpgrade(response *http.Response, key string) bool {
	return response.StatusCode == http.StatusSwitchingProtocols &&
		strings.EqualFold(response.Header.Get("Upgrade"), "websocket") &&
		httpguts.HeaderValuesContainsToken(response.Header["Connection"], "upgrade") &&
		response.Header.Get("Sec-WebSocket-Accept") == acceptance(key)
}

// acceptance is how a server shows that it has understood the upgrade (RFC 6455 §4.2.2).
func acceptance(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec
	return base64.StdEncoding.EncodeToString(sum[:])
}
