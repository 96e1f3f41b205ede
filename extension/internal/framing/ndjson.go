package framing

import "bytes"

// NDJSON cuts at line feeds, with an optional CR before them; blank lines are no frames. There is
// no event name in this format: every frame is a "message".
type NDJSON struct {
	// AtEOF defaults to Dispatch: a last line without its line feed is common.
	AtEOF AtEOF

	line []byte
	err  error
}

// Push implements Parser.
func (p *NDJSON) Push(chunk []byte, emit func(Frame)) error {
	at := 0
	for p.err == nil && at < len(chunk) {
		length := bytes.IndexByte(chunk[at:], '\n')
		if length < 0 {
			p.err = p.hold(chunk[at:])
			break
		}
		line := chunk[at : at+length]
		at += length + 1
		if len(p.line) > 0 {
			p.err = p.hold(line)
			line = p.line
			p.line = p.line[:0]
		} else if len(line) > MaxLineBytes {
			p.err = ErrLineTooLong
		}
		if p.err == nil {
			frameOf(line, at, false, emit)
		}
	}
	return p.err
}

// Close implements Parser.
func (p *NDJSON) Close(emit func(Frame)) int {
	line := p.line
	p.line = nil
	if p.err != nil || len(bytes.TrimSpace(line)) == 0 {
		return 0
	}
	if p.AtEOF == Dispatch {
		frameOf(line, 0, true, emit)
	}
	return 1
}

// Comments implements Parser: the format has none.
func (p *NDJSON) Comments() int { return 0 }

func (p *NDJSON) hold(rest []byte) error {
	if len(p.line)+len(rest) > MaxLineBytes {
		return ErrLineTooLong
	}
	p.line = append(p.line, rest...)
	return nil
}

func frameOf(line []byte, end int, unterminated bool, emit func(Frame)) {
	line = bytes.TrimSuffix(line, []byte{'\r'})
	if len(bytes.TrimSpace(line)) == 0 {
		return
	}
	emit(Frame{Event: "message", Data: line, End: end, Unterminated: unterminated})
}
