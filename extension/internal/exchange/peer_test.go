package exchange

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/k6-weir/xk6-weir/internal/record"
	"github.com/k6-weir/xk6-weir/internal/rules"
)

func TestMain(m *testing.M) {
	EnableArrivalStamps()
	time.Sleep(20 * time.Millisecond) // the kernel's delay
	goleak.VerifyTestMain(m)
}

// peer is a server that is told byte by byte what to do.
type peer struct {
	listener    net.Listener
	connections atomic.Int32
	requests    atomic.Int32
}

// session is one connection of a peer.
type session struct {
	t *testing.T
	net.Conn
	reader *bufio.Reader
	peer   *peer
}

// startPeer calls serve on a goroutine for each connection and closes that when it returns.
func startPeer(t *testing.T, serve func(s *session)) *peer {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &peer{listener: listener}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			p.connections.Add(1)
			stop := context.AfterFunc(t.Context(), func() { _ = conn.Close() })
			go func() {
				defer stop()
				defer func() { _ = conn.Close() }()
				serve(&session{t, conn, bufio.NewReader(conn), p})
			}()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return p
}

// request reads one request with its body; false when the client is gone.
func (s *session) request() bool {
	request, err := http.ReadRequest(s.reader)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, request.Body)
	s.peer.requests.Add(1)
	return err == nil
}

func (s *session) send(text string) { _, _ = io.WriteString(s, text) }

const okHead = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"

func chunked(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

func (s *session) chunk(text string) { s.send(chunked(text)) }

func (s *session) endOfBody() { s.send("0\r\n\r\n") }

// reset makes the close an RST.
func (s *session) reset() { _ = s.Conn.(*net.TCPConn).SetLinger(0) }

// waitClosed reads until the client has closed the connection.
func (s *session) waitClosed() { _, _ = io.Copy(io.Discard, s.reader) }

const testRules = `{"framing":"sse","answer":["text"],"reasoning":["think"],"delta":"incremental",
	"end":[{"data":"[DONE]"}],"error":[{"path":"error","is":"truthy"}],
	"errorCode":["error.code"],"errorMessage":["error.message"]}`

// generous limits: a test shortens the one it is about.
var generous = Timeouts{
	Connect: 20 * time.Second, Headers: 20 * time.Second, FirstEvent: 20 * time.Second,
	Idle: 20 * time.Second, Total: 30 * time.Second,
}

func newTransport(t *testing.T) *http.Transport {
	transport := Transport(&http.Transport{DisableCompression: true})
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func newRequest(t *testing.T, url string) *Request {
	compiled, err := rules.Compile(testRules)
	require.NoError(t, err)
	request, err := http.NewRequest(http.MethodPost, url, strings.NewReader(`{"q":1}`))
	require.NoError(t, err)
	return &Request{
		HTTP: request, Rules: compiled, Timeouts: generous, StallMs: 2000, Drain: 5 * time.Second,
		Seen: record.Observation{StartedAt: float64(time.Now().UnixMicro()) / 1000},
	}
}

func (p *peer) url() string { return "http://" + p.listener.Addr().String() + "/chat?signature=SECRET" }
