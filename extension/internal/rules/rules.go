// Package rules interprets the declarative part of a dialect: where in a frame the text is, what
// ends a stream, what an error looks like. lib/dialects/rules.ts holds the sentences this package
// follows and lib/dialects/collect.ts the TypeScript interpreter of the same; the vectors in
// test/vectors/rules.json hold the two equal.
//
// Compile checks the rules once; an Interpreter then takes the frames of one stream. A frame is
// walked once for all paths together, so that an ordinary content frame costs about a microsecond.
package rules

import "github.com/tidwall/gjson"

// Framing is how a body is cut into frames.
type Framing string

// The framings of StreamRules. Message is that of a WebSocket: no HTTP body has it.
const (
	SSE     Framing = "sse"
	NDJSON  Framing = "ndjson"
	Message Framing = "message"
)

// Rules is a compiled StreamRules. It is never changed after Compile: all VUs share it.
type Rules struct {
	Framing Framing

	content    []kindPaths
	plainText  bool // every content path is the empty path: data need not be JSON
	cumulative bool
	end        []match
	errors     []match
	literals   bool // some match compares raw data

	errorCode    []place
	errorMessage []place
	finish       []place
	traceID      []place
	usage        []usagePath
	sequence     *place

	paths pathTree
}

// kindPaths is where the text of one kind may be.
type kindPaths struct {
	kind   Kind
	places []place
}

type usagePath struct {
	set   func(*Usage, float64)
	place place
}

// match is one condition on a frame. Everything that is given must hold.
type match struct {
	event *string
	data  *string
	place *place
	holds func(gjson.Result) bool
}

// hits asks about the frame as it stands: a path match needs the values found in parsed data.
func (m *match) hits(f *frame) bool {
	if m.event != nil && *m.event != f.event {
		return false
	}
	if m.data != nil && *m.data != f.data {
		return false
	}
	if m.place == nil {
		return true
	}
	_, ok := f.first(*m.place, m.holds)
	return ok
}
