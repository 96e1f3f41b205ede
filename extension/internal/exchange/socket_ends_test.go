package exchange

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k6-weir/xk6-weir/internal/record"
)

func code(number int) *int { return &number }

// Every way an exchange can end, as its peer makes it happen.
func TestSocketEnds(t *testing.T) {
	type want struct {
		end       record.End
		error     *record.StreamError
		answer    int
		other     int
		malformed int
		after     *record.AfterEnd
		open      bool // the connection, afterwards
	}
	ended := func(by string) record.End { return record.End{By: by} }
	closed := func(number int) record.End { return record.End{By: record.EndClose, CloseCode: code(number)} }
	timeout := func(name string) record.End { return record.End{By: record.EndTimeout, Timeout: name} }
	failed := func(source, number, message string) *record.StreamError {
		return &record.StreamError{Source: source, Code: number, Message: message}
	}
	closing := func(_ *Opening, q *Question) { q.Close = true }
	for _, row := range []struct {
		name  string
		setUp func(o *Opening, q *Question)
		serve func(s *session)
		want  want
	}{
		{
			name:  "complete: all end rules met, the connection stays open",
			serve: func(s *session) { s.asked(); s.send(text(wsAnswer)); s.send(text(wsDone)); s.awaitClose() },
			want:  want{end: ended("complete"), answer: 1, other: 1, open: true},
		},
		{
			name:  "complete: what the last read brought with it is after the end",
			serve: func(s *session) { s.asked(); s.send(text(wsAnswer) + text(wsDone) + text(wsError)); s.awaitClose() },
			want: want{
				end: ended("complete"), answer: 1, other: 1, open: true,
				after: &record.AfterEnd{Events: 1, Bytes: int64(len(wsError))},
			},
		},
		{
			name:  "complete: we close and the peer answers",
			setUp: closing,
			serve: func(s *session) {
				s.asked()
				s.send(text(wsAnswer) + text(wsDone))
				s.send(closeFrame(s.awaitClose(), ""))
				s.waitClosed()
			},
			want: want{end: record.End{By: "complete", CloseCode: code(1000)}, answer: 1, other: 1},
		},
		{
			name:  "complete: we close, late messages come, then a Close with a code of its own",
			setUp: closing,
			serve: func(s *session) {
				s.asked()
				s.send(text(wsAnswer) + text(wsDone))
				s.awaitClose()
				s.send(text(wsError) + frame(0x82, "xyz") + closeFrame(4000, "late"))
				s.waitClosed()
			},
			want: want{
				end: record.End{By: "complete", CloseCode: code(4000)}, answer: 1, other: 1,
				after: &record.AfterEnd{Events: 2, Bytes: int64(len(wsError) + 3), By: "close", CloseCode: code(4000)},
			},
		},
		{
			name:  "complete: we close and the peer only drops the connection",
			setUp: closing,
			serve: func(s *session) { s.asked(); s.send(text(wsAnswer) + text(wsDone)); s.awaitClose() },
			want: want{
				end: ended("complete"), answer: 1, other: 1,
				after: &record.AfterEnd{By: "reset", CloseCode: code(1006)},
			},
		},
		{
			name:  "complete: we close and the peer never answers",
			setUp: closing,
			serve: func(s *session) { s.asked(); s.send(text(wsAnswer) + text(wsDone)); s.waitClosed() },
			want: want{
				end: ended("complete"), answer: 1, other: 1, after: &record.AfterEnd{By: "cancelled"},
			},
		},
		{
			name:  "complete: we close and the peer talks on for ever",
			setUp: closing,
			serve: func(s *session) {
				s.asked()
				s.send(text(wsAnswer) + text(wsDone))
				for {
					if _, err := s.Write([]byte(text(wsAnswer))); err != nil {
						return
					}
					time.Sleep(time.Millisecond)
				}
			},
			want: want{end: ended("complete"), answer: 1, other: 1, after: &record.AfterEnd{By: "cancelled"}},
		},
		{
			name:  "in-band error: complete, with the error",
			serve: func(s *session) { s.asked(); s.send(text(wsAnswer) + text(wsError)); s.awaitClose() },
			want: want{
				end: ended("complete"), answer: 1, other: 1, open: true,
				error: failed("frame", "11202", "licc limit"),
			},
		},
		{
			name:  "close 1000 before the end",
			serve: func(s *session) { s.asked(); s.send(text(wsAnswer) + closeFrame(1000, "")); s.waitClosed() },
			want:  want{end: closed(1000), answer: 1},
		},
		{
			name:  "close 1001",
			serve: func(s *session) { s.asked(); s.send(text(wsAnswer) + closeFrame(1001, "")); s.waitClosed() },
			want:  want{end: closed(1001), answer: 1},
		},
		{
			name:  "close 1008 with a reason",
			serve: func(s *session) { s.asked(); s.send(closeFrame(1008, "并发量不足")); s.waitClosed() },
			want:  want{end: closed(1008), error: failed("close", "", "并发量不足")},
		},
		{
			name:  "close 1011",
			serve: func(s *session) { s.asked(); s.send(closeFrame(1011, "")); s.waitClosed() },
			want:  want{end: closed(1011), error: failed("close", "", "")},
		},
		{
			name:  "close 4000: a code of the vendor's",
			serve: func(s *session) { s.asked(); s.send(closeFrame(4000, "busy\x07now")); s.waitClosed() },
			want:  want{end: closed(4000), error: failed("close", "4000", "busy now")},
		},
		{
			name:  "close without a code",
			serve: func(s *session) { s.asked(); s.send(frame(0x88, "")); s.waitClosed() },
			want:  want{end: closed(1005), error: failed("close", "", "")},
		},
		{
			name:  "FIN without a Close",
			serve: func(s *session) { s.asked(); s.send(text(wsAnswer)) },
			want: want{
				end: record.End{By: "reset", CloseCode: code(1006)}, answer: 1,
				error: failed("network", "", "unexpected EOF"),
			},
		},
		{
			name:  "FIN in the middle of a frame",
			serve: func(s *session) { s.asked(); s.send(text(wsAnswer) + text(wsAnswer)[:9]) },
			want: want{
				end: record.End{By: "reset", CloseCode: code(1006)}, answer: 1,
				error: failed("network", "", "unexpected EOF"),
			},
		},
		{
			name: "RST",
			serve: func(s *session) {
				s.asked()
				s.send(text(wsAnswer))
				time.Sleep(short)
				s.reset()
			},
			want: want{end: ended("reset"), answer: 1, error: failed("network", "", "connection reset by peer")},
		},
		{
			name:  "a stall: idle",
			setUp: func(o *Opening, _ *Question) { o.Timeouts.Idle = short },
			serve: func(s *session) { s.asked(); s.send(text(wsAnswer)); s.waitClosed() },
			want:  want{end: timeout("idle"), answer: 1},
		},
		{
			name:  "no message at all: first-event",
			setUp: func(o *Opening, _ *Question) { o.Timeouts.FirstEvent = short },
			serve: func(s *session) { s.asked(); s.waitClosed() },
			want:  want{end: timeout("first-event")},
		},
		{
			name:  "pings are no events",
			setUp: func(o *Opening, _ *Question) { o.Timeouts.FirstEvent = 2 * short },
			serve: func(s *session) {
				s.asked()
				for {
					if _, err := s.Write([]byte(frame(0x89, "hi"))); err != nil {
						return
					}
					time.Sleep(short / 10)
				}
			},
			want: want{end: timeout("first-event")},
		},
		{
			name:  "pings feed the idle timer, are answered, and do not hold the total one",
			setUp: func(o *Opening, _ *Question) { o.Timeouts.Idle, o.Timeouts.Total = 10*short, 15*short },
			serve: func(s *session) {
				s.asked()
				s.send(text(wsAnswer))
				for {
					s.send(frame(0x89, "hi"))
					if opcode, payload, ok := s.receive(); !ok || opcode != 10 || payload != "hi" {
						return
					}
					time.Sleep(short / 10)
				}
			},
			want: want{end: timeout("total"), answer: 1},
		},
		{
			name:  "a flood of pings by a peer that reads no answers",
			setUp: func(o *Opening, _ *Question) { o.Timeouts.FirstEvent = 5 * short },
			serve: func(s *session) {
				s.asked()
				flood := strings.Repeat(frame(0x89, strings.Repeat("x", 125)), 200)
				for {
					if _, err := s.Write([]byte(flood)); err != nil {
						return
					}
				}
			},
			want: want{end: timeout("first-event")},
		},
		{
			name:  "messages for ever: total",
			setUp: func(o *Opening, _ *Question) { o.Timeouts.Total = 15 * short },
			serve: func(s *session) {
				s.asked()
				s.send(frame(0x82, ""))
				s.waitClosed()
			},
			want: want{end: timeout("total"), other: 1},
		},
		{
			name: "a peer that takes no question: first-event",
			setUp: func(o *Opening, q *Question) {
				o.Timeouts.FirstEvent = 5 * short
				q.Message = strings.Repeat("q", 16<<20)
			},
			serve: func(s *session) { s.upgrade(); <-s.t.Context().Done() },
			want:  want{end: timeout("first-event")},
		},
		{
			name:  "a message that is too long",
			setUp: func(o *Opening, _ *Question) { o.MaxMessageBytes = 100 },
			serve: func(s *session) {
				s.asked()
				s.send(text(wsAnswer) + text(strings.Repeat("x", 101)))
				s.awaitClose()
			},
			want: want{
				end: ended("reset"), answer: 1, malformed: 1, error: failed("network", "", "websocket: read limit exceeded"),
			},
		},
		{
			name:  "a message that is too long in pieces",
			setUp: func(o *Opening, _ *Question) { o.MaxMessageBytes = 100 },
			serve: func(s *session) {
				s.asked()
				s.send(frame(0x01, strings.Repeat("x", 60)))
				s.send(frame(0x80, strings.Repeat("x", 60)))
				s.awaitClose()
			},
			want: want{
				end: ended("reset"), malformed: 1, error: failed("network", "", "websocket: read limit exceeded"),
			},
		},
		{
			name:  "reserved bits",
			serve: func(s *session) { s.asked(); s.send(text(wsAnswer) + frame(0xc1, "x")); s.awaitClose() },
			want: want{
				end: ended("reset"), answer: 1, malformed: 1, error: failed("network", "", "websocket: RSV1 set"),
			},
		},
		{
			name:  "an opcode that does not exist",
			serve: func(s *session) { s.asked(); s.send(frame(0x83, "x")); s.awaitClose() },
			want:  want{end: ended("reset"), malformed: 1, error: failed("network", "", "websocket: bad opcode 3")},
		},
		{
			name:  "a masked frame of a server",
			serve: func(s *session) { s.asked(); s.send("\x81\x81abcdx"); s.awaitClose() },
			want:  want{end: ended("reset"), malformed: 1, error: failed("network", "", "websocket: bad MASK")},
		},
		{
			name:  "text that is not UTF-8",
			serve: func(s *session) { s.asked(); s.send(text("\xff\xfe")); s.awaitClose() },
			want:  want{end: ended("reset"), malformed: 1, error: failed("network", "", "a text message is not UTF-8")},
		},
		{
			name:  "text that is not JSON is counted and read over",
			serve: func(s *session) { s.asked(); s.send(text("oops") + text(wsDone)); s.awaitClose() },
			want:  want{end: ended("complete"), other: 1, malformed: 1, open: true},
		},
		{
			name: "binary messages are never parsed",
			serve: func(s *session) {
				s.asked()
				s.send(frame(0x82, wsDone) + text(wsAnswer) + text(wsDone))
				s.awaitClose()
			},
			want: want{end: ended("complete"), answer: 1, other: 2, open: true},
		},
		{
			name: "a fragmented message is whole, with a ping in its middle",
			serve: func(s *session) {
				s.asked()
				s.send(frame(0x01, wsAnswer[:5]))
				time.Sleep(short / 2)
				s.send(frame(0x89, "") + frame(0x00, wsAnswer[5:9]) + frame(0x80, wsAnswer[9:]) + text(wsDone))
				s.awaitClose()
			},
			want: want{end: ended("complete"), answer: 1, other: 1, open: true},
		},
		{
			name:  "cancelled after so many content frames",
			setUp: func(_ *Opening, q *Question) { q.Collect.CancelEvents = 2 },
			serve: func(s *session) { s.asked(); s.send(strings.Repeat(text(wsAnswer), 5) + text(wsDone)); s.awaitClose() },
			want:  want{end: ended("cancelled"), answer: 2},
		},
		{
			name:  "cancelled after some time",
			setUp: func(_ *Opening, q *Question) { q.CancelAfter = 5 * short },
			serve: func(s *session) { s.asked(); s.send(text(wsAnswer)); s.awaitClose() },
			want:  want{end: ended("cancelled"), answer: 1},
		},
		{
			name:  "over before it would be cancelled",
			setUp: func(_ *Opening, q *Question) { q.Collect.CancelEvents, q.CancelAfter = 2, time.Minute },
			serve: func(s *session) { s.asked(); s.send(text(wsAnswer) + text(wsDone)); s.awaitClose() },
			want:  want{end: ended("complete"), answer: 1, other: 1, open: true},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			opening := newOpening(t, startPeer(t, row.serve).url())
			question := newQuestion(t, opening)
			if row.setUp != nil {
				row.setUp(opening, question)
			}
			s := opened(t, opening)
			began := time.Now()
			seen := s.Ask(question).Seen
			require.Less(t, time.Since(began), 10*time.Second)
			require.Equal(t, row.want.end, seen.End)
			require.Equal(t, row.want.error, seen.Error)
			require.Equal(t, row.want.answer, seen.Counts.Answer)
			require.Equal(t, row.want.other, seen.Counts.Other)
			require.Equal(t, row.want.malformed, seen.Counts.Malformed)
			require.Equal(t, row.want.answer+row.want.other+row.want.malformed, seen.Counts.Events)
			if row.name == "complete: we close and the peer talks on for ever" {
				require.Greater(t, seen.AfterEnd.Events, 2)
				seen.AfterEnd.Events, seen.AfterEnd.Bytes = 0, 0
			}
			require.Equal(t, row.want.after, seen.AfterEnd)
			require.Equal(t, 101, seen.Status)
			require.Equal(t, "websocket", seen.Connection.Protocol)
			require.False(t, seen.Connection.Reused)
			checkSocketMarks(t, seen)
			_, over := s.Session()
			require.Equal(t, row.want.open, !over)
		})
	}
}

// checkSocketMarks: in their order, as far as they are there.
func checkSocketMarks(t *testing.T, seen record.Observation) {
	m := seen.Marks
	last := 0.0
	for i, mark := range []*float64{
		m.Connected, m.TLS, m.Headers, m.Sent, m.FirstByte, m.FirstEvent, m.FirstContent, m.FirstAnswer,
		m.LastContent, m.Complete, &m.End,
	} {
		if mark == nil {
			continue
		}
		require.GreaterOrEqual(t, *mark, last, "mark %d: %+v", i, m)
		last = *mark
	}
	require.NotNil(t, m.Sent)
	require.NotNil(t, m.Headers)
	require.NotNil(t, m.Connected)
}
