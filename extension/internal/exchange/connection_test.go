package exchange

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k6-weir/xk6-weir/internal/record"
)

// streams answers each request of a connection with one complete stream.
func streams(s *session) {
	for s.request() {
		s.send(okHead)
		s.chunk(answer + done)
		s.endOfBody()
	}
}

func TestANaturalEndGivesTheConnectionBack(t *testing.T) {
	p := startPeer(t, streams)
	transport := newTransport(t)
	for i := range 3 {
		seen := Do(context.Background(), transport, newRequest(t, p.url())).Seen
		require.Equal(t, "complete", seen.End.By)
		require.Equal(t, i > 0, seen.Connection.Reused)
		require.Equal(t, i == 0, seen.Marks.Connected != nil, "a reused connection was not connected")
		require.NotNil(t, seen.Marks.Sent)
	}
	require.Equal(t, int32(1), p.connections.Load())
}

func TestARefusalGivesTheConnectionBack(t *testing.T) {
	p := startPeer(t, func(s *session) {
		for s.request() {
			s.send("HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\n\r\n{}")
		}
	})
	transport := newTransport(t)
	require.False(t, Do(context.Background(), transport, newRequest(t, p.url())).Seen.Connection.Reused)
	require.True(t, Do(context.Background(), transport, newRequest(t, p.url())).Seen.Connection.Reused)
}

func TestEveryOtherEndClosesTheConnection(t *testing.T) {
	for name, row := range map[string]struct {
		by    string
		setUp func(r *Request)
		send  string
	}{
		"a timeout":        {"timeout", func(r *Request) { r.Timeouts.Idle = short }, chunked(answer)},
		"a drain cut off":  {"complete", func(r *Request) { r.Drain = short }, chunked(answer + done)},
		"no drain at all":  {"complete", func(r *Request) { r.Drain = 0 }, chunked(answer + done)},
		"an overlong line": {"reset", func(*Request) {}, chunked(string(make([]byte, 1<<20+1)))},
	} {
		t.Run(name, func(t *testing.T) {
			closed := make(chan struct{})
			p := startPeer(t, func(s *session) {
				s.request()
				s.send(okHead + row.send)
				s.waitClosed()
				close(closed)
			})
			request := newRequest(t, p.url())
			row.setUp(request)
			require.Equal(t, row.by, Do(context.Background(), newTransport(t), request).Seen.End.By)
			select {
			case <-closed:
			case <-time.After(10 * time.Second):
				t.Error("the connection is still open")
			}
		})
	}
}

func TestDisableKeepAlivesHolds(t *testing.T) {
	p := startPeer(t, streams)
	transport := Transport(&http.Transport{DisableKeepAlives: true})
	for range 2 {
		require.False(t, Do(context.Background(), transport, newRequest(t, p.url())).Seen.Connection.Reused)
	}
	require.Equal(t, int32(2), p.connections.Load())
}

func TestManyStreamsAtOnceAllReuse(t *testing.T) {
	const parallel = 20
	p := startPeer(t, func(s *session) {
		for s.request() {
			// All of a round at once: none can take the connection that another gave back.
			for s.peer.requests.Load()%parallel != 0 {
				time.Sleep(time.Millisecond)
			}
			s.send(okHead)
			s.chunk(answer + done)
			s.endOfBody()
		}
	})
	transport := newTransport(t)
	for round := range 2 {
		results := make(chan record.Observation, parallel)
		for range parallel {
			go func() { results <- Do(context.Background(), transport, newRequest(t, p.url())).Seen }()
		}
		for range parallel {
			seen := <-results
			require.Equal(t, "complete", seen.End.By)
			require.True(t, round == 0 || seen.Connection.Reused)
		}
	}
}

func TestNoConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	free := listener.Addr().String()
	require.NoError(t, listener.Close())
	for name, row := range map[string]struct {
		url     string
		dial    func(context.Context, string, string) (net.Conn, error)
		by      string
		message string
	}{
		"nobody listens": {"http://" + free + "/?key=SECRET", nil, "refused", "connection refused"},
		"a name without address": {"http://weir.invalid/?key=SECRET", func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.DNSError{Err: "no such host", Name: "weir.invalid", IsNotFound: true}
		}, "dns", "no such host"},
		"a name without address, as k6's resolver says it": {"http://weir.invalid/", func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("lookup weir.invalid: no such host")
		}, "dns", "no such host"},
		"a blocked host": {"http://weir.invalid/?key=SECRET", func(context.Context, string, string) (net.Conn, error) {
			return nil, errors.New("hostname (weir.invalid) is in a blocked pattern (*.invalid)")
		}, "refused", "hostname (weir.invalid) is in a blocked pattern (*.invalid)"},
	} {
		t.Run(name, func(t *testing.T) {
			transport := Transport(&http.Transport{DialContext: row.dial})
			result := Do(context.Background(), transport, newRequest(t, row.url))
			require.Error(t, result.Err)
			seen := result.Seen
			require.Equal(t, record.End{By: row.by}, seen.End)
			require.Equal(t, &record.StreamError{Message: row.message, Source: "network"}, seen.Error)
			require.Nil(t, seen.Connection)
			require.Nil(t, result.Refusal)
			require.NotContains(t, seen.Error.Message, "SECRET")
		})
	}
}

func secureServer(t *testing.T, http2 bool, handler http.HandlerFunc) (*httptest.Server, *http.Transport) {
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = http2
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	own := server.Client().Transport.(*http.Transport).Clone()
	own.ForceAttemptHTTP2 = http2
	transport := Transport(own)
	t.Cleanup(transport.CloseIdleConnections)
	return server, transport
}

func stream(w http.ResponseWriter, texts ...string) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, text := range texts {
		_, _ = w.Write([]byte(text))
		w.(http.Flusher).Flush()
	}
}

func TestTLS(t *testing.T) {
	server, transport := secureServer(t, false, func(w http.ResponseWriter, _ *http.Request) {
		stream(w, answer, done)
	})
	seen := Do(context.Background(), transport, newRequest(t, server.URL)).Seen
	require.Equal(t, "complete", seen.End.By)
	require.GreaterOrEqual(t, *seen.Marks.TLS, *seen.Marks.Connected)
	require.GreaterOrEqual(t, *seen.Marks.Sent, *seen.Marks.TLS)
	checkMarks(t, seen)
}

func TestHTTP2(t *testing.T) {
	var stalls atomic.Bool
	server, transport := secureServer(t, true, func(w http.ResponseWriter, r *http.Request) {
		stream(w, answer)
		if stalls.Load() {
			<-r.Context().Done()
			return
		}
		stream(w, done)
	})
	for _, reused := range []bool{false, true} {
		seen := Do(context.Background(), transport, newRequest(t, server.URL)).Seen
		require.Equal(t, "complete", seen.End.By)
		require.Equal(t, "HTTP/2.0", seen.Connection.Protocol)
		require.Equal(t, reused, seen.Connection.Reused)
		require.NotNil(t, seen.Marks.Sent)
		require.LessOrEqual(t, *seen.Marks.Sent, *seen.Marks.Headers)
	}
	request := newRequest(t, server.URL)
	request.HTTP.Method, request.HTTP.Body, request.HTTP.ContentLength = http.MethodGet, nil, 0
	require.NotNil(t, Do(context.Background(), transport, request).Seen.Marks.Sent, "without a body")
	stalls.Store(true)
	request = newRequest(t, server.URL)
	request.Timeouts.Idle = short
	require.Equal(t, record.End{By: "timeout", Timeout: "idle"},
		Do(context.Background(), transport, request).Seen.End)
}

func TestTLSFailures(t *testing.T) {
	server, _ := secureServer(t, false, func(http.ResponseWriter, *http.Request) {})
	plain := startPeer(t, func(s *session) { s.send("HTTP/1.1 400 Bad Request\r\n\r\n"); s.waitClosed() })
	silent := startPeer(t, func(s *session) { s.waitClosed() })
	for name, row := range map[string]struct {
		address string
		want    record.End
	}{
		"a certificate nobody signed": {server.Listener.Addr().String(), record.End{By: "tls"}},
		"a server without TLS":        {plain.listener.Addr().String(), record.End{By: "tls"}},
		"a handshake that stalls": {
			silent.listener.Addr().String(), record.End{By: "timeout", Timeout: "connect"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			transport := Transport(&http.Transport{TLSClientConfig: &tls.Config{}})
			request := newRequest(t, "https://"+row.address+"/?key=SECRET")
			request.Timeouts.Connect = 5 * time.Second
			if row.want.By == "timeout" {
				request.Timeouts.Connect = short
			}
			seen := Do(context.Background(), transport, request).Seen
			require.Equal(t, row.want, seen.End)
			if seen.Error != nil {
				require.NotEmpty(t, seen.Error.Message)
				require.NotContains(t, seen.Error.Message, "SECRET")
			}
		})
	}
}

// The goroutine of a handshake with a silent peer ends with the iteration: TestMain looks for leaks.
func TestAHandshakeEndsWithItsIteration(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	accepted := make(chan net.Conn, 1)
	go func() {
		if peer, err := listener.Accept(); err == nil {
			accepted <- peer
		}
	}()
	iteration, cut := context.WithCancel(context.Background())
	request := newRequest(t, "https://"+listener.Addr().String()+"/")
	ended := make(chan record.End)
	go func() { ended <- Do(iteration, newTransport(t), request).Seen.End }()
	peer := <-accepted
	cut()
	require.Equal(t, record.End{By: record.EndInterrupted}, <-ended)
	// The hello of the client, then its FIN: nothing holds the connection any more.
	_, err = io.Copy(io.Discard, peer)
	require.NoError(t, err)
	require.NoError(t, peer.Close())
	require.NoError(t, listener.Close())
}
