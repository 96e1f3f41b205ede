package exchange

import (
	"crypto/tls"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/k6-weir/xk6-weir/internal/record"
)

// trace keeps what net/http tells about the connection of one exchange. Its hooks come from several
// goroutines, some late: a dial that was given up for a connection that became free still reports.
type trace struct {
	watch   *watch
	hasBody bool // the request

	mu sync.Mutex
	attempt
}

// attempt is one try: the transport tries again when a connection of its pool turned out to be dead
// before anything was written to it. The marks are those of the last one.
type attempt struct {
	gotAt     time.Time // of a connection; zero: none yet
	reused    bool
	http2     bool
	conn      *conn // nil with HTTP/2 and with a transport that is not ours
	remote    string
	connected time.Time
	tls       time.Time
	tlsFailed bool
	headed    time.Time
	wrote     bool
	sent      time.Time
	over      bool // the round trip
}

func (t *trace) hooks() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GetConn:          t.getConn,
		ConnectDone:      t.connectDone,
		TLSHandshakeDone: t.handshakeDone,
		GotConn:          t.gotConn,
		WroteHeaders:     t.wroteHeaders,
		WroteRequest:     t.wroteRequest,
	}
}

func (t *trace) getConn(string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.got() {
		t.watch.connecting()
	}
	t.attempt = attempt{}
}

func (t *trace) got() bool { return !t.gotAt.IsZero() }

func (t *trace) connectDone(_, _ string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err == nil && !t.got() && t.connected.IsZero() {
		t.connected = time.Now()
	}
}

func (t *trace) handshakeDone(_ tls.ConnectionState, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.got():
	case err != nil:
		t.tlsFailed = true
	case t.tls.IsZero():
		t.tls = time.Now()
	}
}

func (t *trace) gotConn(info httptrace.GotConnInfo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gotAt, t.reused = time.Now(), info.Reused
	t.remote = info.Conn.RemoteAddr().String()
	if info.Reused {
		// A dial may have been on its way when this connection became free.
		t.connected, t.tls = time.Time{}, time.Time{}
	}
	inner := info.Conn
	if secure, ok := inner.(*tls.Conn); ok {
		t.http2 = secure.ConnectionState().NegotiatedProtocol == "h2"
		inner = secure.NetConn()
	}
	own, _ := inner.(*conn)
	if own != nil && own.untie != nil {
		own.untie()
	}
	if !t.http2 {
		if t.conn = own; own != nil {
			own.begin()
		}
		t.watch.conn.Store(own)
	}
	t.watch.awaitHeaders()
}

// wroteHeaders is called between the headers of a request and its body.
func (t *trace) wroteHeaders() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.headed = time.Now()
}

// wroteRequest is called when the last write has returned. It may come after the answer.
func (t *trace) wroteRequest(info httptrace.WroteRequestInfo) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if info.Err != nil {
		return
	}
	if !t.over {
		t.wrote = true
		t.watch.awaitHeaders()
	}
	t.watch.cancelLater()
}

// roundTripOver must be called when the round trip returns and before the body is read to its end:
// from then on another exchange may write to the connection. It returns the connection whose stamps
// are those of this exchange, nil when there is none.
func (t *trace) roundTripOver(answered bool) *conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	switch {
	case !t.got() || !answered && !t.wrote:
	case t.conn != nil:
		if last := processTime(t.conn.lastWrite.Load()); !last.Before(t.gotAt) {
			t.sent = last
		}
	case t.hasBody && !t.headed.IsZero():
		// The frames of a body follow the headers at once, unless it is so large that the peer
		// has to make room for it: then the mark is early.
		t.sent = t.headed
	default:
		t.sent = t.gotAt
	}
	return t.conn
}

// into writes the marks and the connection.
func (t *trace) into(seen *record.Observation, c clock, response *http.Response) {
	t.mu.Lock()
	defer t.mu.Unlock()
	seen.Marks.Connected = c.mark(t.connected)
	seen.Marks.TLS = c.mark(t.tls)
	seen.Marks.Sent = c.mark(t.sent)
	if !t.got() {
		return
	}
	protocol := "HTTP/1.1"
	if response != nil {
		protocol = response.Proto
	} else if t.http2 {
		protocol = "HTTP/2.0"
	}
	seen.Connection = &record.Connection{Reused: t.reused, Protocol: protocol, Remote: t.remote}
}
