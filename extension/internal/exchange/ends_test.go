package exchange

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k6-weir/xk6-weir/internal/record"
	"github.com/k6-weir/xk6-weir/internal/rules"
)

const (
	answer = "data: {\"text\":\"ab\"}\n\n"
	done   = "data: [DONE]\n\n"
	late   = "data: {\"error\":{\"code\":\"late\"}}\n\n"
	short  = 60 * time.Millisecond
)

// Every way a stream can end, as its peer makes it happen.
func TestEnds(t *testing.T) {
	type want struct {
		end     record.End
		error   *record.StreamError
		status  int
		answer  int
		after   *record.AfterEnd
		refusal string
		ok      bool // for HTTP
		check   func(t *testing.T, seen record.Observation)
	}
	ended := func(by string) record.End { return record.End{By: by} }
	timeout := func(name string) record.End { return record.End{By: record.EndTimeout, Timeout: name} }
	network := func(message string) *record.StreamError {
		return &record.StreamError{Message: message, Source: "network"}
	}
	for _, row := range []struct {
		name  string
		setUp func(r *Request)
		serve func(s *session)
		want  want
	}{
		{
			name: "complete: all end rules met, then EOF",
			serve: func(s *session) {
				s.send(okHead)
				s.chunk(answer)
				s.chunk(answer + done)
				s.endOfBody()
				s.waitClosed()
			},
			want: want{end: ended("complete"), status: 200, answer: 2, ok: true},
		},
		{
			name: "complete: what comes after the end changes nothing",
			serve: func(s *session) {
				s.send(okHead)
				s.chunk(answer + done + answer)
				s.chunk(late)
				s.endOfBody()
				s.waitClosed()
			},
			want: want{
				end: ended("complete"), status: 200, answer: 1, ok: true,
				after: &record.AfterEnd{Events: 2, Bytes: int64(len(answer + late)), By: "eof"},
				check: func(t *testing.T, seen record.Observation) {
					require.Equal(t, int64(len(answer+done)), seen.Counts.Bytes)
					require.Equal(t, 2, seen.Counts.Events)
				},
			},
		},
		{
			name:  "complete: the peer does not end the body, so we close after the drain time",
			setUp: func(r *Request) { r.Drain = short },
			serve: func(s *session) {
				s.send(okHead)
				s.chunk(answer + done)
				s.waitClosed()
			},
			want: want{
				end: ended("complete"), status: 200, answer: 1, ok: true,
				after: &record.AfterEnd{By: "cancelled"},
			},
		},
		{
			name: "complete: a reset after the end comes after it",
			serve: func(s *session) {
				s.send(okHead)
				s.chunk(answer + done)
				s.chunk(":")
				time.Sleep(short)
				s.reset()
			},
			want: want{
				end: ended("complete"), status: 200, answer: 1, ok: true,
				check: func(t *testing.T, seen record.Observation) {
					require.Equal(t, "reset", seen.AfterEnd.By)
				},
			},
		},
		{
			name: "complete: the end event has no blank line",
			serve: func(s *session) {
				s.send(okHead)
				s.chunk(answer + "data: [DONE]")
				s.endOfBody()
				s.waitClosed()
			},
			want: want{
				end: ended("complete"), status: 200, answer: 1, ok: true,
				check: func(t *testing.T, seen record.Observation) {
					require.Equal(t, 1, seen.Counts.Unterminated)
					require.Equal(t, *seen.Marks.FirstContent, *seen.Marks.Complete, "came in one read")
				},
			},
		},
		{
			name: "in-band error: complete, with the error",
			serve: func(s *session) {
				s.send(okHead)
				s.chunk(answer + "data: {\"error\":{\"code\":11202,\"message\":\"licc\\u0007 limit\"}}\n\n" + answer)
				s.endOfBody()
				s.waitClosed()
			},
			want: want{
				end: ended("complete"), status: 200, answer: 1, ok: true,
				error: &record.StreamError{Code: "11202", Message: "licc  limit", Source: "frame"},
				after: &record.AfterEnd{Events: 1, Bytes: int64(len(answer)), By: "eof"},
				check: func(t *testing.T, seen record.Observation) { require.Nil(t, seen.Marks.Complete) },
			},
		},
		{
			name: "eof: the body ends in order, without the end marker",
			serve: func(s *session) {
				s.send(okHead)
				s.chunk(answer)
				s.endOfBody()
				s.waitClosed()
			},
			want: want{end: ended("eof"), status: 200, answer: 1, ok: true},
		},
		{
			name: "eof: a body that ends with its connection",
			serve: func(s *session) {
				s.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + answer)
			},
			want: want{end: ended("eof"), status: 200, answer: 1, ok: true},
		},
		{
			name: "eof: an empty body",
			serve: func(s *session) {
				s.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 0\r\n\r\n")
				s.waitClosed()
			},
			want: want{end: ended("eof"), status: 200, ok: true},
		},
		{
			name: "reset: the chunked body is cut",
			serve: func(s *session) {
				s.send(okHead)
				s.chunk(answer)
			},
			want: want{end: ended("reset"), error: network("unexpected EOF"), status: 200, answer: 1},
		},
		{
			name: "reset: a body of known length is cut",
			serve: func(s *session) {
				s.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 1000\r\n\r\n" + answer)
			},
			want: want{end: ended("reset"), error: network("unexpected EOF"), status: 200, answer: 1},
		},
		{
			name: "reset: RST in the middle, a pending event is not taken for a whole one",
			serve: func(s *session) {
				s.send(okHead)
				s.chunk(answer + "data: {\"te")
				time.Sleep(short)
				s.reset()
			},
			want: want{
				end: ended("reset"), error: network("connection reset by peer"), status: 200, answer: 1,
				check: func(t *testing.T, seen record.Observation) { require.Zero(t, seen.Counts.Malformed) },
			},
		},
		{
			name:  "reset: closed before any answer",
			serve: func(s *session) {},
			want:  want{end: ended("reset"), error: network("EOF")},
		},
		{
			name:  "reset: an answer that is not HTTP",
			serve: func(s *session) { s.send("SSH-2.0-weir\r\n\r\n"); s.waitClosed() },
			want: want{end: ended("reset"), check: func(t *testing.T, seen record.Observation) {
				require.Contains(t, seen.Error.Message, "malformed HTTP")
			}},
		},
		{
			name:  "refused: an error status with a JSON body",
			serve: refuseWith("500 Internal Server Error", "application/json", `{"error":{"code":"x1","message":"boom"}}`),
			want: want{
				end: ended("refused"), status: 500, ok: true,
				error:   &record.StreamError{Code: "x1", Message: "boom", Source: "http"},
				refusal: `{"error":{"code":"x1","message":"boom"}}`,
			},
		},
		{
			name:  "refused: an error status with a body that is not JSON",
			serve: refuseWith("503 Service Unavailable", "text/html", "<h1>busy</h1>\r\n"),
			want: want{
				end: ended("refused"), status: 503, ok: true,
				error: &record.StreamError{Message: "<h1>busy</h1>", Source: "http"}, refusal: "<h1>busy</h1>\r\n",
			},
		},
		{
			name:  "refused: an error status of the right type is no stream",
			serve: refuseWith("429 Too Many Requests", "text/event-stream", done),
			want: want{
				end: ended("refused"), status: 429, ok: true,
				error: &record.StreamError{Message: "data: [DONE]", Source: "http"}, refusal: done,
			},
		},
		{
			name:  "refused: 200 with another type, whose text may be an answer and is not repeated",
			serve: refuseWith("200 OK", "text/plain", "an answer"),
			want: want{
				end: ended("refused"), status: 200, ok: true, refusal: "an answer",
				error: &record.StreamError{Message: `the answer is of type "text/plain", not a stream`, Source: "http"},
			},
		},
		{
			name:  "refused: 200 with an error in JSON",
			serve: refuseWith("200 OK", "application/json", `{"error":{"code":68003,"message":"slow"}}`),
			want: want{
				end: ended("refused"), status: 200, ok: true, refusal: `{"error":{"code":68003,"message":"slow"}}`,
				error: &record.StreamError{Code: "68003", Message: "slow", Source: "http"},
			},
		},
		{
			name:  "refused: a redirect is not followed",
			serve: refuseWith("302 Found", "text/event-stream\r\nLocation: http://127.0.0.1:1/", ""),
			want: want{
				end: ended("refused"), status: 302, ok: true,
				error: &record.StreamError{Source: "http"},
			},
		},
		{
			name:  "refused: the body stalls, its beginning is kept",
			setUp: func(r *Request) { r.Timeouts.Idle = short },
			serve: func(s *session) {
				s.send("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 100\r\n\r\nbad gateway")
				s.waitClosed()
			},
			want: want{
				end: ended("refused"), status: 502,
				error: &record.StreamError{Message: "bad gateway", Source: "http"}, refusal: "bad gateway",
			},
		},
		{
			name:  "timeout headers: the request is sent and nothing answers",
			setUp: func(r *Request) { r.Timeouts.Headers = short },
			serve: func(s *session) { s.waitClosed() },
			want:  want{end: timeout("headers")},
		},
		{
			name:  "timeout headers: they begin and do not end",
			setUp: func(r *Request) { r.Timeouts.Headers = short },
			serve: func(s *session) { s.send("HTTP/1.1 200 OK\r\nContent-"); s.waitClosed() },
			want:  want{end: timeout("headers")},
		},
		{
			name:  "timeout first-event: headers and then silence",
			setUp: func(r *Request) { r.Timeouts.FirstEvent = short },
			serve: func(s *session) { s.send(okHead); s.waitClosed() },
			want:  want{end: timeout("first-event"), status: 200},
		},
		{
			name:  "timeout first-event: comments are no event",
			setUp: func(r *Request) { r.Timeouts.FirstEvent = 4 * short; r.Timeouts.Idle = 3 * short },
			serve: func(s *session) { s.send(okHead); s.keepAlive(); s.waitClosed() },
			want:  want{end: timeout("first-event"), status: 200},
		},
		{
			name:  "timeout idle: a stall between two reads",
			setUp: func(r *Request) { r.Timeouts.Idle = short },
			serve: func(s *session) { s.send(okHead); s.chunk(answer); s.waitClosed() },
			want:  want{end: timeout("idle"), status: 200, answer: 1},
		},
		{
			name:  "timeout total: comments feed the idle timer, but not for ever",
			setUp: func(r *Request) { r.Timeouts.Total = 8 * short; r.Timeouts.Idle = 4 * short },
			serve: func(s *session) { s.send(okHead); s.chunk(answer); s.keepAlive() },
			want:  want{end: timeout("total"), status: 200, answer: 1},
		},
		{
			name: "an overlong line is malformed and ends the stream",
			serve: func(s *session) {
				s.send(okHead)
				s.chunk(answer)
				line := make([]byte, 1<<20+1)
				s.chunk(string(line))
				s.waitClosed()
			},
			want: want{
				end: ended("reset"), status: 200, answer: 1, error: network("a line is longer than 1048576 bytes"),
				check: func(t *testing.T, seen record.Observation) {
					require.Equal(t, 1, seen.Counts.Malformed)
					require.Equal(t, 2, seen.Counts.Events)
				},
			},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := startPeer(t, func(s *session) {
				if s.request() {
					row.serve(s)
				}
			})
			request := newRequest(t, p.url())
			if row.setUp != nil {
				row.setUp(request)
			}
			result := Do(context.Background(), newTransport(t), request)
			seen := result.Seen
			require.Equal(t, row.want.end, seen.End)
			require.Equal(t, row.want.status, seen.Status)
			require.Equal(t, row.want.answer, seen.Counts.Answer)
			if row.want.error != nil || row.want.check == nil {
				require.Equal(t, row.want.error, seen.Error)
			}
			if row.want.after != nil || row.want.check == nil {
				require.Equal(t, row.want.after, seen.AfterEnd)
			}
			if row.want.ok {
				require.NoError(t, result.Err)
			} else {
				require.Error(t, result.Err)
			}
			require.Equal(t, row.want.end.By == "refused", result.Refusal != nil)
			if result.Refusal != nil {
				require.Equal(t, row.want.refusal, *result.Refusal)
			}
			if row.want.check != nil {
				row.want.check(t, seen)
			}
			checkMarks(t, seen)
		})
	}
}

func refuseWith(status, contentType, body string) func(s *session) {
	return func(s *session) {
		s.send("HTTP/1.1 " + status + "\r\nContent-Type: " + contentType +
			"\r\nTransfer-Encoding: chunked\r\n\r\n")
		if body != "" {
			s.chunk(body)
		}
		s.endOfBody()
		s.waitClosed()
	}
}

// keepAlive comments until the client is gone.
func (s *session) keepAlive() {
	for range 1000 {
		if _, err := s.Write([]byte(chunked(": ping\n\n"))); err != nil {
			return
		}
		time.Sleep(short / 4)
	}
}

// checkMarks: in the order of events, each there when the one after it is.
func checkMarks(t *testing.T, seen record.Observation) {
	m := seen.Marks
	order := []*float64{m.Connected, m.Sent, m.Headers, m.FirstByte, m.FirstEvent, m.FirstContent, m.LastContent, m.Complete, &m.End}
	last := 0.0
	for i, mark := range order {
		if mark != nil {
			require.GreaterOrEqual(t, *mark, last, "mark %d", i)
			last = *mark
		}
	}
	if seen.Status != 0 {
		require.NotNil(t, m.Connected)
		require.NotNil(t, m.Sent)
		require.NotNil(t, m.Headers)
		require.Equal(t, "HTTP/1.1", seen.Connection.Protocol)
		require.NotEmpty(t, seen.Connection.Remote)
	}
	require.Equal(t, seen.Counts.Bytes > 0, m.FirstByte != nil)
	require.Equal(t, kernelStamps && seen.Counts.Content() > 0, seen.Clock == "kernel")
	require.False(t, seen.ClockStepped)
}

func TestInterrupted(t *testing.T) {
	for name, serve := range map[string]func(s *session){
		"before the headers": func(s *session) { s.waitClosed() },
		"in the stream":      func(s *session) { s.send(okHead); s.chunk(answer); s.waitClosed() },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			p := startPeer(t, func(s *session) {
				s.request()
				time.AfterFunc(short, cancel)
				serve(s)
			})
			result := Do(ctx, newTransport(t), newRequest(t, p.url()))
			require.Equal(t, record.End{By: "interrupted"}, result.Seen.End)
			require.Nil(t, result.Seen.Error)
		})
	}
}

func TestInterruptedWhileDrainingIsComplete(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	p := startPeer(t, func(s *session) {
		s.request()
		s.send(okHead)
		s.chunk(answer + done)
		time.AfterFunc(short, cancel)
		s.waitClosed()
	})
	result := Do(ctx, newTransport(t), newRequest(t, p.url()))
	require.Equal(t, record.End{By: "complete"}, result.Seen.End)
	require.Equal(t, &record.AfterEnd{By: "interrupted"}, result.Seen.AfterEnd)
}

func TestNDJSON(t *testing.T) {
	compiled, err := rules.Compile(`{"framing":"ndjson","answer":["m"],"delta":"incremental",
		"end":[{"path":"done","is":"truthy"}],"error":[]}`)
	require.NoError(t, err)
	for _, contentType := range []string{
		"application/x-ndjson", "application/json; charset=utf-8", "Application/JSONL;",
	} {
		p := startPeer(t, func(s *session) {
			s.request()
			refuseWith("200 OK", contentType, "{\"m\":\"ab\"}\r\n\n{\"m\":\"\",\"done\":true}")(s)
		})
		request := newRequest(t, p.url())
		request.Rules = compiled
		result := Do(context.Background(), newTransport(t), request)
		require.Equal(t, record.End{By: "complete"}, result.Seen.End)
		require.Equal(t, 2, result.Seen.AnswerLength)
		require.Equal(t, 1, result.Seen.Counts.Unterminated)
	}
}
