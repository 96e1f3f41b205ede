package exchange

import (
	"errors"
	"io"
	"time"

	"github.com/k6-weir/xk6-weir/internal/decoding"
	"github.com/k6-weir/xk6-weir/internal/framing"
	"github.com/k6-weir/xk6-weir/internal/record"
	"github.com/k6-weir/xk6-weir/internal/rules"
)

// bodyCount is what was read, apart for the time before and after the end.
type bodyCount struct {
	firstByte time.Time
	lastByte  time.Time
	bytes     int64
	reads     int
	comments  int
	after     record.AfterEnd
}

func (b *bodyCount) read(n int, at time.Time, over bool) {
	b.lastByte = at
	if over {
		b.after.Bytes += int64(n)
		return
	}
	if b.firstByte.IsZero() {
		b.firstByte = at
	}
	b.reads++
	b.bytes += int64(n)
}

// over: the last bytes of this read came after the end.
func (b *bodyCount) over(rest int) {
	b.bytes -= int64(rest)
	b.after.Bytes += int64(rest)
}

// into writes the counts. An orderly end with nothing before it is no news.
func (b *bodyCount) into(seen *record.Observation, c clock) {
	seen.Marks.FirstByte = c.mark(b.firstByte)
	seen.Counts.Bytes = b.bytes
	seen.Counts.Comments = &b.comments
	seen.Counts.Reads = &b.reads
	if b.after.Events > 0 || b.after.Bytes > 0 || b.after.By != "" && b.after.By != record.EndEOF {
		seen.AfterEnd = &b.after
	}
}

// stream reads the body to its end, whatever that is.
func (x *exchange) stream(body io.Reader) {
	defer func() { x.endedAt = time.Now() }()
	var room readBuffer
	defer room.release()
	x.parser = newParser(x.request.Rules.Framing)
	emit := x.frame // made once: a method value is an allocation
	draining := false
	for {
		n, err := body.Read(room.space())
		if n > 0 {
			if broken := x.push(room.got(n), emit); broken != nil {
				x.broken(broken)
				return
			}
		}
		switch {
		case x.frames.Cancelled():
			x.end(record.End{By: record.EndCancelled})
			return
		case err == io.EOF:
			x.endOfBody()
			return
		case isBroken(err):
			x.broken(err)
			return
		case err != nil:
			x.stopped(cut(x.cause(), err), err)
			return
		case x.frames.Over() && !draining:
			draining = true
			x.watch.drain(x.request.Drain)
		}
	}
}

// chunk is what one read returned.
type chunk struct {
	bytes int
	ms    float64 // all of it had arrived then
}

// push counts and frames the bytes of one read.
func (x *exchange) push(bytes []byte, emit func(framing.Frame)) error {
	came := x.arrival()
	x.stepped = x.stepped || came.stepped
	content := x.frames.Content()
	x.watch.read()
	x.body.read(len(bytes), came.at, x.frames.Over())
	x.chunk = chunk{len(bytes), x.clock.ms(came.at)}
	err := x.parser.Push(bytes, emit)
	x.frames.Flush()
	if !came.kernel && x.frames.Content() > content {
		x.userStamps = true
	}
	if !x.frames.Over() {
		x.body.comments = x.parser.Comments()
		if x.frames.Started() {
			x.watch.gotEvent()
		}
	}
	return err
}

func (x *exchange) frame(f framing.Frame) {
	over := x.frames.Over()
	x.frames.Frame(f.Event, f.Data, x.chunk.ms)
	if !over && x.frames.Over() {
		x.body.over(x.chunk.bytes - f.End)
		x.body.comments = x.parser.Comments()
	}
}

// endOfBody: in order. A frame that is left over came with the last bytes, not with their end.
func (x *exchange) endOfBody() {
	ms := x.clock.ms(x.body.lastByte)
	x.parser.Close(func(f framing.Frame) {
		x.frames.Unterminated()
		x.frames.Frame(f.Event, f.Data, ms)
	})
	x.frames.Flush()
	x.end(record.End{By: record.EndEOF})
}

// stopped: reading ended before the body did.
func (x *exchange) stopped(f failure, err error) {
	if !x.frames.Over() {
		x.fail(f, err)
		return
	}
	x.end(f.end)
}

// broken: the bytes break the format or its bounds, so what they would say is not known.
func (x *exchange) broken(err error) {
	x.frames.Overlong()
	x.stopped(failure{record.End{By: record.EndReset}, err.Error()}, err)
}

func isBroken(err error) bool {
	var coding *decoding.Error
	return errors.As(err, &coding)
}

// end of a stream that is over says so: how its connection ended comes after that.
func (x *exchange) end(by record.End) {
	if x.frames.Over() {
		x.body.after.Events = x.frames.AfterEnd()
		x.body.after.By = by.By
		by = record.End{By: record.EndComplete}
	}
	x.result.Seen.End = by
}

func newParser(f rules.Framing) framing.Parser {
	if f == rules.NDJSON {
		return &framing.NDJSON{}
	}
	return &framing.SSE{}
}
