package exchange

import (
	"time"

	"github.com/k6-weir/xk6-weir/internal/record"
)

// result of a turn that is over.
func (t *turn) result() *Result {
	seen := &t.seen
	t.frames.Into(seen, t.question.StallMs, t.question.Timeline)
	seen.Counts.Other += t.binary
	seen.Counts.Events += t.binary
	seen.Counts.Reads = &t.reads
	seen.Marks.FirstByte = t.clock.mark(t.firstByte)
	t.after.Events += t.frames.AfterEnd()
	// A Close after the end is the orderly way: no news.
	if by := t.after.By; t.after.Events > 0 || t.after.Bytes > 0 || by != "" && by != record.EndClose {
		seen.AfterEnd = &t.after
	}
	t.socket.into(seen, t.clock, t.first)
	seen.Marks.Sent = t.clock.mark(t.sent)
	result := t.socket.finished(seen, t.clock, t.endedAt)
	if seen.Counts.Content() > 0 && !t.userStamps {
		result.Seen.Clock = "kernel"
	}
	result.Seen.ClockStepped = result.Seen.ClockStepped || t.stepped
	result.Kept = t.frames.Kept()
	return result
}

// late is a question to a connection that has ended before: it ends the way that one did.
func (t *turn) late() {
	s := t.socket
	<-s.done // or is about to: we dropped it
	t.endedAt = time.Now()
	f := *s.ended
	if f.end.By != record.EndClose {
		f.end = record.End{By: record.EndReset, CloseCode: f.end.CloseCode}
		f.message = "the connection had ended before"
	}
	t.failed(f)
}

// refused is the result of every exchange over a socket that never opened.
func (s *Socket) refused(t *turn) *Result {
	seen := &t.seen
	seen.End = s.failed.end
	switch {
	case s.failed.message != "":
		seen.Error = &record.StreamError{Message: record.ServerText(s.failed.message), Source: "network"}
	case s.refusal != nil:
		seen.Error = refusalError(t.question.Rules, s.response, []byte(*s.refusal))
	}
	s.into(seen, t.clock, true)
	return s.finished(seen, t.clock, s.failedAt)
}

// Unasked is the first stream as long as no message was sent for it: what is recorded when its
// iteration is cut.
func (s *Socket) Unasked() *Result {
	seen := s.opening.Seen
	at := time.Now()
	if seen.End = (record.End{By: record.EndInterrupted}); !s.Opened() {
		seen.End, at = s.failed.end, s.failedAt
	}
	s.into(&seen, s.clock, true)
	return s.finished(&seen, s.clock, at)
}

// into writes what an exchange has from its connection. Only the first one has waited for it.
func (s *Socket) into(seen *record.Observation, c clock, first bool) {
	if first {
		s.trace.into(seen, c, s.response)
		seen.Marks.SlotFree = c.mark(s.slotFreeAt)
		seen.Marks.Sent = nil // of the upgrade
		seen.Marks.Headers = c.mark(s.headersAt)
		seen.Counts.Bytes += s.refusedBytes()
	} else if s.trace.got() {
		seen.Connection = &record.Connection{Reused: true, Remote: s.trace.remote}
	}
	if seen.Connection != nil {
		seen.Connection.Protocol = "websocket"
	}
	if s.response != nil {
		seen.Status = s.response.StatusCode
	}
}

func (s *Socket) refusedBytes() int64 {
	if s.refusal == nil {
		return 0
	}
	return int64(len(*s.refusal))
}

func (s *Socket) finished(seen *record.Observation, c clock, at time.Time) *Result {
	seen.Marks.End = *c.mark(at)
	seen.V = record.Version
	seen.Clock = "user"
	seen.ClockStepped = c.stepped(at)
	return &Result{Seen: *seen, Response: s.response, Refusal: s.refusal, Err: s.err, EndedAt: at}
}
