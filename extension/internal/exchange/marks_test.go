package exchange

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The peer's own stamps are the truth that the marks are held against: what we sent, we sent before
// it was there; what it sent, we saw after that. Both run on one clock.
func TestMarksAgainstThePeersJournal(t *testing.T) {
	type stamp struct{ got, headers, first, last time.Time }
	stamps := make(chan stamp, 1)
	pause := 30 * time.Millisecond
	p := startPeer(t, func(s *session) {
		var journal stamp
		_, _ = s.reader.Peek(1)
		journal.got = time.Now()
		s.request()
		time.Sleep(pause)
		journal.headers = time.Now()
		s.send(okHead)
		time.Sleep(pause)
		journal.first = time.Now()
		s.chunk("data: {\"think\":\"hm\"}\n\n")
		time.Sleep(pause)
		journal.last = time.Now()
		s.chunk(answer)
		s.chunk(done)
		s.endOfBody()
		stamps <- journal
		s.waitClosed()
	})
	request := newRequest(t, p.url())
	leased := 1.5
	request.Seen.Marks.Leased = &leased
	seen := Do(context.Background(), newTransport(t), request).Seen
	journal := <-stamps
	at := func(stamp time.Time) float64 { return float64(stamp.UnixMicro())/1000 - seen.StartedAt }
	const noise = 0.01 // ms: rounding of both
	m := seen.Marks
	require.InDelta(t, 1.5, *m.Leased, 0)
	require.LessOrEqual(t, *m.Sent, at(journal.got)+noise)
	for name, pair := range map[string][2]float64{
		"headers": {at(journal.headers), *m.Headers}, "first": {at(journal.first), *m.FirstReasoning},
		"last": {at(journal.last), *m.LastContent},
	} {
		require.GreaterOrEqual(t, pair[1], pair[0]-noise, name)
	}
	require.Less(t, *m.Headers, at(journal.first)+noise, "headers are not the first event")
	require.Equal(t, *m.FirstReasoning, *m.FirstContent)
	require.Equal(t, *m.LastContent, *m.FirstAnswer)
	require.Equal(t, *m.FirstByte, *m.FirstEvent)
}

// A body that the peer does not read at first: sent is when its last piece is written, not when it
// began.
func TestSentIsTheFinalWrite(t *testing.T) {
	pause := 100 * time.Millisecond
	reads := make(chan time.Time, 1)
	p := startPeer(t, func(s *session) {
		_, _ = s.reader.Peek(1)
		time.Sleep(pause)
		reads <- time.Now()
		s.request()
		s.send(okHead)
		s.chunk(done)
		s.endOfBody()
		s.waitClosed()
	})
	request := newRequest(t, p.url())
	body := strings.Repeat("x", 12<<20)
	request.HTTP.Body = io.NopCloser(strings.NewReader(body))
	request.HTTP.ContentLength = int64(len(body))
	seen := Do(context.Background(), newTransport(t), request).Seen
	require.Equal(t, "complete", seen.End.By)
	require.GreaterOrEqual(t, *seen.Marks.Sent, float64((<-reads).UnixMicro())/1000-seen.StartedAt-0.01)
}

func TestEventsOfOneReadShareTheirStamp(t *testing.T) {
	p := startPeer(t, func(s *session) {
		s.request()
		s.send(okHead)
		s.chunk(strings.Repeat(answer, 5) + done)
		s.endOfBody()
		s.waitClosed()
	})
	request := newRequest(t, p.url())
	request.Timeline = true
	seen := Do(context.Background(), newTransport(t), request).Seen
	require.Equal(t, 1, *seen.Counts.Reads)
	require.Zero(t, seen.Gaps.Max)
	require.Len(t, seen.Timeline, 5)
	require.Equal(t, *seen.Marks.FirstContent, *seen.Marks.Complete)
}

func TestTimelineOfAStreamThatDidNotComplete(t *testing.T) {
	p := startPeer(t, func(s *session) {
		s.request()
		s.send(okHead)
		s.chunk(answer + answer)
		s.endOfBody()
		s.waitClosed()
	})
	require.Len(t, Do(context.Background(), newTransport(t), newRequest(t, p.url())).Seen.Timeline, 2)
}

// Bytes that trickle in inside one chunk of the transfer encoding are reads too: net/http hands them
// out only when the chunk is whole, but the connection has seen them.
func TestIdleIsFedBelowTheTransferEncoding(t *testing.T) {
	p := startPeer(t, func(s *session) {
		s.request()
		s.send(okHead)
		s.chunk(answer)
		text := strings.Repeat(": ping\n\n", 3) + done
		frame := chunked(text)
		for i := range frame {
			s.send(frame[i : i+1])
			time.Sleep(short / 6)
		}
		s.endOfBody()
		s.waitClosed()
	})
	request := newRequest(t, p.url())
	request.Timeouts.Idle = 5 * short // the whole takes more than seven times short
	require.Equal(t, "complete", Do(context.Background(), newTransport(t), request).Seen.End.By)
}

func TestClockSteps(t *testing.T) {
	second := time.Second
	require.False(t, isStep(second, second))
	require.False(t, isStep(second+49*time.Millisecond, second))
	require.True(t, isStep(second+60*time.Millisecond, second))
	require.True(t, isStep(-second, second))
	require.False(t, isStep(1000*second+time.Second, 1000*second), "NTP's slewing is no step")
}

func TestContentTypes(t *testing.T) {
	for contentType, want := range map[string]bool{
		"text/event-stream": true, "Text/Event-Stream; charset=utf-8": true, "text/event-stream;": true,
		" text/event-stream ; x": true, "text/event-streams": false, "text/plain": false, "": false,
		"application/json": false,
	} {
		response := &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {contentType}}}
		require.Equal(t, want, isStream("sse", response), contentType)
	}
	require.False(t, isStream("sse", &http.Response{
		StatusCode: 404, Header: http.Header{"Content-Type": {"text/event-stream"}},
	}))
}
