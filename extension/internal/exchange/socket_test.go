package exchange

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k6-weir/xk6-weir/internal/record"
)

// What becomes of a first exchange whose connection never opened.
func TestSocketsThatDoNotOpen(t *testing.T) {
	dialing := func(err error) func(context.Context, string, string) (net.Conn, error) {
		return func(context.Context, string, string) (net.Conn, error) { return nil, err }
	}
	http101 := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	for _, row := range []struct {
		name   string
		dial   func(context.Context, string, string) (net.Conn, error)
		secure bool
		setUp  func(o *Opening)
		serve  func(s *session)
		end    record.End
		error  *record.StreamError
		status int
		body   string
	}{
		{
			name: "refused with a JSON body longer than a kilobyte",
			serve: func(s *session) {
				s.request()
				body := `{"code":11201,"message":"no","pad":"` + strings.Repeat("x", 3000) + `"}`
				s.send("HTTP/1.1 403 Forbidden\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 3038\r\n\r\n" + body)
			},
			end: record.End{By: "refused"}, status: 403, body: `{"code":11201,`,
			error: &record.StreamError{Code: "11201", Message: "no", Source: "http"},
		},
		{
			name:  "refused with an endless body",
			setUp: func(o *Opening) { o.Timeouts.Idle = 5 * time.Second },
			serve: func(s *session) {
				s.request()
				s.send("HTTP/1.1 503 Busy\r\n\r\n" + strings.Repeat("busy ", 20_000))
				s.waitClosed()
			},
			end: record.End{By: "refused"}, status: 503, body: "busy busy",
			error: &record.StreamError{Message: strings.Repeat("busy ", 40), Source: "http"},
		},
		{
			name: "an answer that is no upgrade",
			serve: func(s *session) {
				s.request()
				s.send("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi")
			},
			end: record.End{By: "refused"}, status: 200, body: "hi",
			error: &record.StreamError{Message: `the answer is of type "text/html", not a stream`, Source: "http"},
		},
		{
			name:  "an upgrade that does not know our key",
			serve: func(s *session) { s.request(); s.send(http101 + "Sec-WebSocket-Accept: no\r\n\r\n"); s.waitClosed() },
			end:   record.End{By: "refused"}, status: 101,
			error: &record.StreamError{Message: errNoWebSocket.Error(), Source: "network"},
		},
		{
			name: "a name without address",
			dial: dialing(&net.DNSError{Err: "no such host", Name: "weir.invalid", IsNotFound: true}),
			end:  record.End{By: "dns"}, error: &record.StreamError{Message: "no such host", Source: "network"},
		},
		{
			name: "nobody listens",
			dial: (&net.Dialer{}).DialContext,
			end:  record.End{By: "refused"}, error: &record.StreamError{Message: "connection refused", Source: "network"},
		},
		{
			name: "a connection that does not come about in time",
			dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
			setUp: func(o *Opening) { o.Timeouts.Connect = short },
			end:   record.End{By: "timeout", Timeout: "connect"},
		},
		{
			name: "a TLS handshake that stalls", secure: true,
			setUp: func(o *Opening) { o.Timeouts.Connect = short },
			serve: func(s *session) { s.waitClosed() },
			end:   record.End{By: "timeout", Timeout: "connect"},
		},
		{
			name: "a server without TLS", secure: true,
			serve: func(s *session) { s.send("HTTP/1.1 400 Bad Request\r\n\r\n"); s.waitClosed() },
			end:   record.End{By: "tls"},
			error: &record.StreamError{Message: "tls: first record does not look like a TLS handshake", Source: "network"},
		},
		{
			name:  "no answer to the upgrade",
			setUp: func(o *Opening) { o.Timeouts.Headers = short },
			serve: func(s *session) { s.request(); s.waitClosed() },
			end:   record.End{By: "timeout", Timeout: "headers"},
		},
		{
			name:  "no answer at all",
			setUp: func(o *Opening) { o.Timeouts.Total = short },
			serve: func(s *session) { s.request(); s.waitClosed() },
			end:   record.End{By: "timeout", Timeout: "total"},
		},
		{
			name:  "closed before an answer",
			serve: func(s *session) { s.request() },
			end:   record.End{By: "reset"}, error: &record.StreamError{Message: "EOF", Source: "network"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			url := "http://" + free(t) + "/?key=SECRET"
			if row.serve != nil {
				url = startPeer(t, row.serve).url()
			}
			if row.secure {
				url = strings.Replace(url, "http", "https", 1)
			}
			opening := newOpening(t, url)
			if row.setUp != nil {
				row.setUp(opening)
			}
			began := time.Now()
			s := Open(context.Background(), UpgradeTransport(&http.Transport{DialContext: row.dial}), opening)
			require.False(t, s.Opened())
			require.Equal(t, row.end, s.Unasked().Seen.End)
			for range 2 {
				result := s.Ask(newQuestion(t, opening))
				seen := result.Seen
				require.Equal(t, row.end, seen.End)
				require.Equal(t, row.error, seen.Error)
				require.Equal(t, row.status, seen.Status)
				require.Nil(t, seen.Marks.Sent)
				if row.body != "" {
					require.Contains(t, *result.Refusal, row.body)
					require.LessOrEqual(t, len(*result.Refusal), 64<<10)
				}
			}
			_, over := s.Session()
			require.False(t, over)
			_, clean := s.Close(1000, "", time.Second)
			require.False(t, clean)
			require.Less(t, time.Since(began), 10*time.Second)
		})
	}
}

func TestSeveralExchangesOverOneSocket(t *testing.T) {
	p := startPeer(t, func(s *session) {
		s.upgrade()
		for {
			if opcode, _, ok := s.receive(); !ok || opcode != 1 {
				return
			}
			s.send(frame(0x89, "still there?") + text(wsAnswer) + text(wsDone))
			if opcode, _, ok := s.receive(); !ok || opcode != 10 {
				return
			}
			// Late: between the exchanges, and not an answer to the next one.
			s.send(text(wsError))
		}
	})
	opening := newOpening(t, p.url())
	s := opened(t, opening)
	for i := range 4 {
		question := newQuestion(t, opening)
		if i > 0 {
			question.Seen.StartedAt = float64(time.Now().UnixMicro()) / 1000
		}
		seen := s.Ask(question).Seen
		require.Equal(t, record.End{By: "complete"}, seen.End)
		require.Nil(t, seen.Error)
		require.Equal(t, 2, seen.Counts.Events)
		require.Equal(t, i > 0, seen.Connection.Reused)
		require.Equal(t, i == 0, seen.Marks.Connected != nil)
		require.Equal(t, i == 0, seen.Marks.Headers != nil)
		require.Equal(t, 101, seen.Status)
		require.NotEmpty(t, seen.Connection.Remote)
		require.Less(t, *seen.Marks.Sent, *seen.Marks.Complete)
		require.Less(t, seen.Marks.End, 10_000.0)
		require.Eventually(t, func() bool { return s.received.Load() == int64(3*(i+1)) },
			5*time.Second, time.Millisecond, "read between the exchanges")
	}
	require.Equal(t, int64(12), s.TakeReceived())
	require.Zero(t, s.TakeReceived())
	require.Equal(t, int32(1), p.connections.Load())
}

// Messages of one read share its stamp.
func TestMessagesOfOneRead(t *testing.T) {
	opening := newOpening(t, startPeer(t, func(s *session) {
		s.asked()
		s.send(text(wsAnswer) + text(wsAnswer) + text(wsAnswer))
		time.Sleep(short)
		s.send(text(wsDone))
		s.awaitClose()
	}).url())
	question := newQuestion(t, opening)
	question.Timeline = true
	seen := opened(t, opening).Ask(question).Seen
	require.Equal(t, 2, *seen.Counts.Reads)
	require.Equal(t, 3, seen.Counts.Answer)
	require.Equal(t, seen.Timeline[0], seen.Timeline[2])
	require.Equal(t, *seen.Marks.FirstByte, *seen.Marks.FirstContent)
	require.Equal(t, seen.Marks.End, *seen.Marks.Complete)
	require.Equal(t, int64(3*len(wsAnswer)+len(wsDone)), seen.Counts.Bytes)
}

func TestALongQuestionIsOneFrame(t *testing.T) {
	for _, size := range []int{0, 125, 126, 4096, 65535, 65536, 1 << 20} {
		got := make(chan string, 1)
		opening := newOpening(t, startPeer(t, func(s *session) {
			s.upgrade()
			_, question, _ := s.receive()
			got <- question
			s.send(text(wsDone))
			s.awaitClose()
		}).url())
		question := newQuestion(t, opening)
		question.Message = strings.Repeat("q", size)
		require.Equal(t, "complete", opened(t, opening).Ask(question).Seen.End.By)
		require.Equal(t, question.Message, <-got)
	}
}

func TestAQuestionToAConnectionThatHasEnded(t *testing.T) {
	for name, row := range map[string]struct {
		serve func(s *session)
		end   record.End
	}{
		"by a Close": {
			func(s *session) { s.upgrade(); s.send(closeFrame(1001, "")); s.waitClosed() },
			record.End{By: "close", CloseCode: code(1001)},
		},
		"by a FIN": {func(s *session) { s.upgrade() }, record.End{By: "reset", CloseCode: code(1006)}},
	} {
		t.Run(name, func(t *testing.T) {
			opening := newOpening(t, startPeer(t, row.serve).url())
			s := opened(t, opening)
			<-s.Done()
			for _, reused := range []bool{false, true} {
				seen := s.Ask(newQuestion(t, opening)).Seen
				require.Equal(t, row.end, seen.End)
				require.Equal(t, reused, seen.Connection.Reused)
				require.Nil(t, seen.Marks.Sent)
				require.Equal(t, 101, seen.Status)
			}
			_, over := s.Session()
			require.True(t, over)
		})
	}
	opening := newOpening(t, startPeer(t, func(s *session) { s.asked(); s.waitClosed() }).url())
	opening.Timeouts.FirstEvent = short
	s := opened(t, opening)
	require.Equal(t, "timeout", s.Ask(newQuestion(t, opening)).Seen.End.By)
	require.Equal(t, record.End{By: "reset"}, s.Ask(newQuestion(t, opening)).Seen.End, "we dropped it")
}

func TestClose(t *testing.T) {
	for name, row := range map[string]struct {
		serve func(s *session)
		wait  time.Duration
		code  *int
		clean bool
	}{
		"the peer repeats our code": {
			func(s *session) { s.upgrade(); s.send(closeFrame(s.awaitClose(), "")); s.waitClosed() },
			5 * time.Second, code(3001), true,
		},
		"the peer was faster": {
			func(s *session) { s.upgrade(); s.send(closeFrame(1001, "")); s.waitClosed() },
			5 * time.Second, code(1001), true,
		},
		"the peer only drops the connection": {
			func(s *session) { s.upgrade(); s.awaitClose() }, 5 * time.Second, nil, false,
		},
		"the peer never answers":     {func(s *session) { s.upgrade(); s.waitClosed() }, short, nil, false},
		"the peer is not waited for": {func(s *session) { s.upgrade(); s.waitClosed() }, 0, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := opened(t, newOpening(t, startPeer(t, row.serve).url()))
			if name == "the peer was faster" {
				<-s.Done()
			}
			began := time.Now()
			for range 2 {
				got, clean := s.Close(3001, "bye", row.wait)
				require.Equal(t, row.code, got)
				require.Equal(t, row.clean, clean)
			}
			require.Less(t, time.Since(began), 4*time.Second)
			_, over := s.Session()
			require.True(t, over)
		})
	}
}

func TestCloseEndsAnExchangeThatRuns(t *testing.T) {
	for name, serve := range map[string]func(s *session){
		"a peer that answers":  func(s *session) { s.asked(); s.send(closeFrame(s.awaitClose(), "")) },
		"a peer that does not": func(s *session) { s.asked(); s.waitClosed() },
	} {
		t.Run(name, func(t *testing.T) {
			opening := newOpening(t, startPeer(t, serve).url())
			s := opened(t, opening)
			result := make(chan *Result)
			go func() { result <- s.Ask(newQuestion(t, opening)) }()
			require.Eventually(t, func() bool { return s.tunnel.sent.Load() != 0 }, 5*time.Second, time.Millisecond)
			s.Close(1000, "", short)
			require.Equal(t, record.End{By: "cancelled"}, (<-result).Seen.End)
		})
	}
}

func TestAnInterruptedSocket(t *testing.T) {
	for name, serve := range map[string]func(s *session){
		"while connecting": func(s *session) { s.request(); s.waitClosed() },
		"while reading":    func(s *session) { s.asked(); s.send(text(wsAnswer)); s.waitClosed() },
		"while flooded": func(s *session) {
			s.asked()
			for {
				if _, err := s.Write([]byte(text(wsAnswer))); err != nil {
					return
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			opening := newOpening(t, startPeer(t, serve).url())
			ctx, cancel := context.WithTimeoutCause(context.Background(), 3*short, errors.New("gracefulStop"))
			defer cancel()
			began := time.Now()
			s := Open(ctx, UpgradeTransport(&http.Transport{}), opening)
			seen := s.Ask(newQuestion(t, opening)).Seen
			require.Equal(t, record.End{By: "interrupted"}, seen.End)
			require.Less(t, time.Since(began), 5*time.Second)
			<-s.Done()
		})
	}
}

func TestASocketThroughAProxy(t *testing.T) {
	target := startPeer(t, func(s *session) { s.asked(); s.send(text(wsDone)); s.awaitClose() })
	refuses := false
	proxy := startPeer(t, func(s *session) {
		request, err := http.ReadRequest(s.reader)
		if err != nil || request.Method != http.MethodConnect || refuses {
			s.send("HTTP/1.1 403 Forbidden\r\n\r\n")
			return
		}
		require.Equal(s.t, "Basic dTpw", request.Header.Get("Proxy-Authorization"))
		inner, err := net.Dial("tcp", request.Host)
		if err != nil {
			return
		}
		defer func() { _ = inner.Close() }()
		s.send("HTTP/1.1 200 Connection established\r\n\r\n")
		go func() { _, _ = io.Copy(inner, s.reader); _ = inner.Close() }()
		_, _ = io.Copy(s, inner)
	})
	address, err := url.Parse(strings.Replace(proxy.url(), "//", "//u:p@", 1))
	require.NoError(t, err)
	transport := UpgradeTransport(&http.Transport{Proxy: http.ProxyURL(address)})
	for _, refuses = range []bool{false, true} {
		opening := newOpening(t, target.url())
		question := newQuestion(t, opening)
		question.Close = true
		s := Open(t.Context(), transport, opening)
		seen := s.Ask(question).Seen
		<-s.Done()
		if refuses {
			require.Equal(t, record.End{By: "refused"}, seen.End)
			require.Equal(t, errProxyRefused.Error(), seen.Error.Message)
		} else {
			require.Equal(t, "complete", seen.End.By, "%+v", seen.Error)
		}
	}
}

func TestASecureSocket(t *testing.T) {
	p := startPeer(t, func(s *session) {
		s.asked()
		s.send(text(wsAnswer) + text(wsDone))
		s.send(closeFrame(s.awaitClose(), ""))
		s.waitClosed()
	})
	server, _ := secureServer(t, true, func(w http.ResponseWriter, r *http.Request) {
		// A TLS front for the peer: it passes the bytes of the upgraded connection on.
		inner, err := net.Dial("tcp", p.listener.Addr().String())
		if err != nil {
			return
		}
		defer func() { _ = inner.Close() }()
		outer, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = outer.Close() }()
		_ = r.Write(inner)
		go func() { _, _ = io.Copy(inner, buffered) }()
		_, _ = io.Copy(outer, inner)
	})
	own := server.Client().Transport.(*http.Transport).Clone()
	own.ForceAttemptHTTP2 = true
	opening := newOpening(t, server.URL)
	opening.Subprotocols = []string{"chat"}
	s := Open(t.Context(), UpgradeTransport(own), opening)
	question := newQuestion(t, opening)
	question.Close = true
	seen := s.Ask(question).Seen
	require.Equal(t, record.End{By: "complete", CloseCode: code(1000)}, seen.End, "%+v", seen.Error)
	require.GreaterOrEqual(t, *seen.Marks.TLS, *seen.Marks.Connected)
	checkSocketMarks(t, seen)
	<-s.Done()
}
