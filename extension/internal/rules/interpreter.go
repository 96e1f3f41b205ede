package rules

import (
	"strings"
	"unicode/utf8"

	"github.com/k6-weir/xk6-weir/internal/record"
	"github.com/tidwall/gjson"
)

// Kind is what the rules made of a frame.
type Kind int

// The kinds of frames. After is a frame behind the end: it changes nothing.
const (
	Answer Kind = iota
	Reasoning
	Tool
	Other
	Malformed
	After
)

func (k Kind) String() string {
	return [...]string{"answer", "reasoning", "tool", "other", "malformed", "after"}[k]
}

// Content: answer, reasoning or tool.
func (k Kind) Content() bool { return k <= Tool }

// Usage is what the server said about tokens.
type Usage = record.Usage

// Interpreter takes the frames of one stream, in their order. It has no clock: whoever calls it
// knows when a frame came.
type Interpreter struct {
	// Counts by Kind, After included. Events is the sum of all but After.
	Counts [After + 1]int
	// Complete: all end matches were seen, at the last frame that was not After.
	Complete bool
	// Error is the first in-band failure.
	Error *record.StreamError
	// Finish is the last one seen, TraceID the first.
	Finish, TraceID string
	Usage           *Usage
	// Sequence is nil until a frame held a number.
	Sequence *record.Sequence
	// AnswerLength is in Unicode code points.
	AnswerLength int
	// Text is what made the last frame a content frame; of a cumulative stream all of it so far. It
	// may lie in the frame's memory: copy what is kept.
	Text string
	// HitEnd: the last frame matched an end rule.
	HitEnd bool

	rules    *Rules
	frame    frame
	endSeen  []bool
	previous [Tool + 1]string // cumulative streams only: the text so far
	numbers  numbering
}

// Cumulative: each frame repeats the text so far.
func (r *Rules) Cumulative() bool { return r.cumulative }

// NewInterpreter starts a stream.
func (r *Rules) NewInterpreter() *Interpreter {
	return &Interpreter{
		rules:   r,
		frame:   frame{found: make([][]gjson.Result, r.paths.slots)},
		endSeen: make([]bool, len(r.end)),
	}
}

// Over: complete or failed. Nothing that follows counts.
func (i *Interpreter) Over() bool { return i.Complete || i.Error != nil }

// Frame takes the next frame.
func (i *Interpreter) Frame(event string, data []byte) Kind {
	kind := After
	i.Text, i.HitEnd = "", false
	if !i.Over() {
		i.frame.reset(event, data)
		kind = i.read()
	}
	i.Counts[kind]++
	return kind
}

func (i *Interpreter) read() Kind {
	f := &i.frame
	literal := i.rules.literals && i.hitsLiteral()
	if !literal && !f.parse(&i.rules.paths) && !i.rules.plainText {
		return Malformed
	}
	if !literal {
		i.extract()
	}
	if anyHits(i.rules.errors, f) {
		i.Error = i.rules.errorIn(f, "frame")
		return Other
	}
	kind := Other
	if !literal {
		kind = i.content()
	}
	i.Complete = true
	for at := range i.rules.end {
		if i.rules.end[at].hits(f) {
			i.endSeen[at] = true
			i.HitEnd = true
		}
		i.Complete = i.Complete && i.endSeen[at]
	}
	return kind
}

// hitsLiteral: a match with data holds on the raw frame, whose data is then never parsed.
func (i *Interpreter) hitsLiteral() bool {
	for _, matches := range [...][]match{i.rules.errors, i.rules.end} {
		for at := range matches {
			if matches[at].data != nil && matches[at].hits(&i.frame) {
				return true
			}
		}
	}
	return false
}

func anyHits(matches []match, f *frame) bool {
	for at := range matches {
		if matches[at].hits(f) {
			return true
		}
	}
	return false
}

// content is the first kind with a text, in the order answer, reasoning, tool.
func (i *Interpreter) content() Kind {
	for _, candidate := range i.rules.content {
		for _, at := range candidate.places {
			value, ok := i.frame.first(at, isText)
			if !ok {
				continue
			}
			if i.fresh(candidate.kind, value.Str) {
				i.Text = value.Str
				return candidate.kind
			}
			break // a cumulative text that did not grow: another kind may have
		}
	}
	return Other
}

// fresh tells whether text is new, and counts it.
func (i *Interpreter) fresh(kind Kind, text string) bool {
	length := 0
	if i.rules.cumulative {
		if text == i.previous[kind] {
			return false
		}
		i.previous[kind] = strings.Clone(text)
	} else {
		length = i.AnswerLength
	}
	if kind == Answer {
		i.AnswerLength = length + utf8.RuneCountInString(text)
	}
	return true
}

// extract keeps what the server says besides the text. An error frame says it too: a trace id is
// worth most there.
func (i *Interpreter) extract() {
	r, f := i.rules, &i.frame
	if finish := f.text(r.finish); finish != "" {
		i.Finish = record.ServerText(finish)
	}
	if i.TraceID == "" {
		i.TraceID = record.ServerText(f.text(r.traceID))
	}
	for _, path := range r.usage {
		if tokens, ok := f.first(path.place, isNumber); ok {
			if i.Usage == nil {
				i.Usage = &Usage{}
			}
			path.set(i.Usage, tokens.Num)
		}
	}
	if r.sequence != nil {
		if number, ok := f.first(*r.sequence, isNumber); ok {
			i.Sequence = i.numbers.next(number.Num)
		}
	}
}

// errorIn reads code and message from a frame whose paths were walked.
func (r *Rules) errorIn(f *frame, source string) *record.StreamError {
	return &record.StreamError{
		Code:    record.ServerText(f.text(r.errorCode)),
		Message: record.ServerText(f.text(r.errorMessage)),
		Source:  source,
	}
}

// ErrorInBody reads code and message from the body of an answer that was not a stream. It is false
// when the body is not JSON.
func (r *Rules) ErrorInBody(body []byte) (*record.StreamError, bool) {
	f := frame{found: make([][]gjson.Result, r.paths.slots)}
	f.reset("message", body)
	ok := f.parse(&r.paths)
	return r.errorIn(&f, "http"), ok
}
