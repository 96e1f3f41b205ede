package exchange

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

type encoder interface {
	io.WriteCloser
	Flush() error
}

var encoders = map[string]func(io.Writer) encoder{
	"gzip": func(w io.Writer) encoder { return gzip.NewWriter(w) },
	"br":   func(w io.Writer) encoder { return brotli.NewWriter(w) },
	"zstd": func(w io.Writer) encoder {
		e, _ := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
		return e
	},
}

// chunks writes each piece as a chunk of the transfer encoding.
type chunks struct{ *session }

func (c chunks) Write(piece []byte) (int, error) {
	c.chunk(string(piece))
	return len(piece), nil
}

func head(status, contentType, coding string) string {
	return "HTTP/1.1 " + status + "\r\nContent-Type: " + contentType + "\r\nContent-Encoding: " + coding +
		"\r\nTransfer-Encoding: chunked\r\n\r\n"
}

// A compressed stream is one like any other: its gaps are those of the flushes, its bytes decoded.
func TestCompressedStreams(t *testing.T) {
	const pause = 40 * time.Millisecond
	for coding, start := range encoders {
		t.Run(coding, func(t *testing.T) {
			p := startPeer(t, func(s *session) {
				for s.request() {
					s.send(head("200 OK", "text/event-stream", coding))
					e := start(chunks{s})
					for _, text := range []string{answer, answer, done} {
						_, _ = e.Write([]byte(text))
						_ = e.Flush()
						time.Sleep(pause)
					}
					_ = e.Close()
					s.endOfBody()
				}
			})
			transport := newTransport(t)
			for _, reused := range []bool{false, true} {
				seen := Do(context.Background(), transport, newRequest(t, p.url())).Seen
				require.Equal(t, "complete", seen.End.By, "%+v", seen.Error)
				require.Nil(t, seen.AfterEnd)
				require.Equal(t, reused, seen.Connection.Reused)
				require.Equal(t, int64(len(answer+answer+done)), seen.Counts.Bytes)
				require.Equal(t, 2, seen.Counts.Answer)
				require.Greater(t, seen.Gaps.Max, float64(pause.Milliseconds())/2)
				require.Greater(t, *seen.Marks.Complete-*seen.Marks.LastContent, float64(pause.Milliseconds())/2)
				if !reused {
					checkMarks(t, seen)
				}
			}
		})
	}
}

func TestABrokenCodingIsMalformed(t *testing.T) {
	for coding, message := range map[string]string{
		"gzip":    "the content coding gzip: gzip: invalid header",
		"deflate": "the content coding deflate: neither gzip, br nor zstd",
	} {
		p := startPeer(t, func(s *session) {
			s.request()
			s.send(head("200 OK", "text/event-stream", coding))
			s.chunk(answer)
			s.endOfBody()
			s.waitClosed()
		})
		result := Do(context.Background(), newTransport(t), newRequest(t, p.url()))
		require.Error(t, result.Err)
		require.Equal(t, 1, result.Seen.Counts.Malformed)
		require.Equal(t, "reset", result.Seen.End.By)
		require.Equal(t, message, result.Seen.Error.Message)
	}
}

func TestACompressedRefusal(t *testing.T) {
	var body bytes.Buffer
	e := gzip.NewWriter(&body)
	_, _ = e.Write([]byte(`{"error":{"code":"limit"}}`))
	require.NoError(t, e.Close())
	p := startPeer(t, func(s *session) {
		s.request()
		s.send(head("429 Too Many Requests", "application/json", "gzip"))
		s.chunk(body.String())
		s.endOfBody()
		s.waitClosed()
	})
	result := Do(context.Background(), newTransport(t), newRequest(t, p.url()))
	require.NoError(t, result.Err)
	require.Equal(t, `{"error":{"code":"limit"}}`, *result.Refusal)
	require.Equal(t, "limit", result.Seen.Error.Code)
}
