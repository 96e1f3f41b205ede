// Package collect gathers what the frames of one stream say into an observation: the rules decide
// what a frame is, the caller says when it came.
package collect

import (
	"github.com/k6-weir/xk6-weir/internal/record"
	"github.com/k6-weir/xk6-weir/internal/rules"
)

// Collector of one stream. Times are ms after the observation's StartedAt.
type Collector struct {
	rules    *rules.Interpreter
	arrivals record.Arrivals

	firstEvent, firstContent, firstReasoning, firstAnswer mark
	lastContent, complete                                 mark
	unterminated, overlong                                int
	cancelled                                             bool
	kept                                                  kept
}

// mark is a value and not a pointer, so that a frame costs no allocation.
type mark struct {
	at  float64
	set bool
}

// New starts a stream.
func New(compiled *rules.Rules, options Options) *Collector {
	return &Collector{
		rules: compiled.NewInterpreter(),
		kept:  kept{options: options, cumulative: compiled.Cumulative()},
	}
}

// Frame takes the next frame, which came at the given time. Its data is not kept beyond the call.
func (c *Collector) Frame(event string, data []byte, at float64) {
	if c.cancelled {
		return
	}
	over := c.Over()
	kind := c.rules.Frame(event, data)
	if over {
		return
	}
	c.firstEvent.first(at)
	if kind.Content() {
		c.firstContent.first(at)
		c.lastContent = mark{at, true}
		c.arrivals.Add(at)
	}
	switch kind {
	case rules.Answer:
		c.firstAnswer.first(at)
	case rules.Reasoning:
		c.firstReasoning.first(at)
	}
	if c.rules.Complete {
		c.complete = mark{at, true}
	}
	c.kept.take(c.rules, kind, event, data, at)
	if most := c.kept.options.CancelEvents; most > 0 && c.Content() >= most && !c.Over() {
		c.cancelled = true
	}
}

// Cancelled: as many content frames came as were wanted. What comes later is not looked at.
func (c *Collector) Cancelled() bool { return c.cancelled }

// Flush must be called when all frames of one read were taken: they are one burst for OnBurst.
func (c *Collector) Flush() { c.kept.flush() }

// Kept is what the options asked for.
func (c *Collector) Kept() Kept { return c.kept.result() }

// Unterminated says that the next frame ended with the stream.
func (c *Collector) Unterminated() {
	if !c.Over() {
		c.unterminated++
	}
}

// Overlong counts a frame that broke a bound of the parser: malformed, like one that is not JSON.
func (c *Collector) Overlong() {
	if !c.Over() {
		c.overlong++
	}
}

// Over: all end rules are met, or the server reported an error. Nothing later counts.
func (c *Collector) Over() bool { return c.rules.Over() }

// Started: a first event came.
func (c *Collector) Started() bool { return c.firstEvent.set }

// Content is how many frames of answer, reasoning and tool came.
func (c *Collector) Content() int {
	counts := &c.rules.Counts
	return counts[rules.Answer] + counts[rules.Reasoning] + counts[rules.Tool]
}

// AfterEnd is how many frames came when it was over.
func (c *Collector) AfterEnd() int { return c.rules.Counts[rules.After] }

// Into writes all of it into the observation, next to what the transport knows.
func (c *Collector) Into(o *record.Observation, stallMs float64, keepTimeline bool) {
	counts := &c.rules.Counts
	o.Counts.Answer = counts[rules.Answer]
	o.Counts.Reasoning = counts[rules.Reasoning]
	o.Counts.Tool = counts[rules.Tool]
	o.Counts.Other = counts[rules.Other]
	o.Counts.Malformed = counts[rules.Malformed] + c.overlong
	o.Counts.Events = o.Counts.Content() + o.Counts.Other + o.Counts.Malformed
	o.Counts.Unterminated = c.unterminated
	o.Marks.FirstEvent = c.firstEvent.rounded()
	o.Marks.FirstContent = c.firstContent.rounded()
	o.Marks.FirstReasoning = c.firstReasoning.rounded()
	o.Marks.FirstAnswer = c.firstAnswer.rounded()
	o.Marks.LastContent = c.lastContent.rounded()
	o.Marks.Complete = c.complete.rounded()
	o.Gaps = c.arrivals.Gaps(stallMs)
	if keepTimeline || !c.complete.set {
		o.Timeline = c.arrivals.Timeline()
	}
	o.Sequence = c.rules.Sequence
	o.Usage = c.rules.Usage
	o.Finish = c.rules.Finish
	o.TraceID = c.rules.TraceID
	o.AnswerLength = c.rules.AnswerLength
	if c.rules.Error != nil {
		o.Error = c.rules.Error
	}
}

func (m *mark) first(at float64) {
	if !m.set {
		*m = mark{at, true}
	}
}

func (m *mark) rounded() *float64 {
	if !m.set {
		return nil
	}
	value := record.Round(m.at)
	return &value
}
