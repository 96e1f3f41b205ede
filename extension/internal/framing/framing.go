// Package framing cuts a body into frames: the events of a Server-Sent Events stream or the lines
// of newline-delimited JSON. It knows bytes only. Arrival times and meaning belong to its callers,
// and no split of the bytes into pieces changes what comes out.
package framing

import "errors"

// Frame is one SSE event or one NDJSON line.
type Frame struct {
	// Event is the SSE event name, "message" when the stream named none.
	Event string
	// Data is valid only until the callback returns: its memory is used again.
	Data []byte
	// ID is the SSE last event id as it stood at this event.
	ID string
	// End is how many bytes of the pushed chunk were used up when this frame was complete.
	End int
	// Unterminated: the stream ended before the blank line (SSE) or the line feed (NDJSON).
	Unterminated bool
}

// Parser is fed with pieces of a body as they arrive.
type Parser interface {
	// Push calls emit for each frame that this chunk completes. An error is final: bytes that
	// break a bound cannot be told apart from here on, so every later Push returns it again.
	Push(chunk []byte, emit func(Frame)) error
	// Close says that the body ended in order. A pending frame is emitted, flagged unterminated,
	// or dropped, by the AtEOF policy. It returns how many frames were unterminated: 0 or 1.
	Close(emit func(Frame)) int
	// Comments is how many SSE comment lines came so far: no events, but signs of life.
	Comments() int
}

// AtEOF is what becomes of an event that the stream left without its blank line.
type AtEOF int

const (
	// Dispatch it: gateways that close right after the last data line are common, and dropping
	// the event would turn a complete answer into a truncated one.
	Dispatch AtEOF = iota
	// Drop it, as the standard for browsers demands.
	Drop
)

// Bounds of what a parser holds, for a peer that never ends a line or an event.
const (
	MaxLineBytes  = 1 << 20
	MaxEventBytes = 4 << 20
)

// The errors of Push, by the bound that was broken.
var (
	ErrLineTooLong  = errors.New("a line is longer than 1048576 bytes")
	ErrEventTooLong = errors.New("an event is longer than 4194304 bytes")
)
