package framing

import "bytes"

// SSE parses Server-Sent Events as a browser does, from bytes: LF and CR never occur inside a
// multi-byte character, so cutting lines before decoding cannot break one. Invalid UTF-8 is handed
// on as it came: whoever reads the data judges it.
//
// See https://html.spec.whatwg.org/multipage/server-sent-events.html sections 9.2.5 and 9.2.6.
type SSE struct {
	// AtEOF defaults to Dispatch.
	AtEOF AtEOF

	line     []byte // the unfinished last line of earlier chunks
	data     []byte
	hasData  bool // `data:` alone makes an event of empty data, so the length does not tell
	event    string
	id       string
	comments int
	started  bool // the first line is over: a byte order mark is an ordinary character now
	skipLF   bool // a CR ended the last chunk: an LF at the start of the next belongs to it
	err      error
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// Push implements Parser.
func (p *SSE) Push(chunk []byte, emit func(Frame)) error {
	at := 0
	if p.skipLF && len(chunk) > 0 {
		p.skipLF = false
		if chunk[0] == '\n' {
			at = 1
		}
	}
	lf := -1 // position of the next LF, found once for all the CR line ends before it
	for p.err == nil && at < len(chunk) {
		if lf < at {
			if lf = bytes.IndexByte(chunk[at:], '\n'); lf < 0 {
				lf = len(chunk)
			} else {
				lf += at
			}
		}
		end := lf
		if cr := bytes.IndexByte(chunk[at:lf], '\r'); cr >= 0 {
			end = at + cr
		}
		if end == len(chunk) {
			p.err = p.hold(chunk[at:])
			break
		}
		next := end + 1
		if chunk[end] == '\r' {
			if next == len(chunk) {
				p.skipLF = true
			} else if chunk[next] == '\n' {
				next++
			}
		}
		p.err = p.endLine(chunk[at:end], next, emit)
		at = next
	}
	return p.err
}

// Close implements Parser.
func (p *SSE) Close(emit func(Frame)) int {
	if p.err == nil && len(p.line) > 0 {
		p.err = p.endLine(nil, 0, emit)
	}
	if p.err != nil || !p.hasData {
		return 0
	}
	if p.AtEOF == Dispatch {
		p.dispatch(0, true, emit)
	}
	p.hasData = false
	return 1
}

// Comments implements Parser.
func (p *SSE) Comments() int { return p.comments }

func (p *SSE) hold(rest []byte) error {
	if len(p.line)+len(rest) > MaxLineBytes {
		return ErrLineTooLong
	}
	p.line = append(p.line, rest...)
	return nil
}

// endLine reads a line whose last part is rest; end is how much of the chunk it used up.
func (p *SSE) endLine(rest []byte, end int, emit func(Frame)) error {
	line := rest
	if len(p.line) > 0 {
		if err := p.hold(rest); err != nil {
			return err
		}
		line = p.line
		p.line = p.line[:0]
	} else if len(rest) > MaxLineBytes {
		return ErrLineTooLong
	}
	if !p.started {
		p.started = true
		line = bytes.TrimPrefix(line, byteOrderMark)
	}
	if len(line) == 0 {
		p.dispatch(end, false, emit)
		return nil
	}
	return p.field(line)
}

func (p *SSE) field(line []byte) error {
	name, value, _ := bytes.Cut(line, []byte{':'})
	if len(name) == 0 {
		p.comments++
		return nil
	}
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	switch string(name) {
	case "data":
		if len(p.data)+1+len(value) > MaxEventBytes {
			return ErrEventTooLong
		}
		if p.hasData {
			p.data = append(p.data, '\n')
		}
		p.hasData = true
		p.data = append(p.data, value...)
	case "event":
		p.event = string(value)
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			p.id = string(value)
		}
	}
	return nil
}

func (p *SSE) dispatch(end int, unterminated bool, emit func(Frame)) {
	event := p.event
	p.event = ""
	if !p.hasData {
		return
	}
	if event == "" {
		event = "message"
	}
	emit(Frame{Event: event, Data: p.data, ID: p.id, End: end, Unterminated: unterminated})
	p.hasData = false
	p.data = p.data[:0]
}
