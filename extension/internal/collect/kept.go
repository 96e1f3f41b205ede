package collect

import (
	"unicode/utf8"

	"github.com/k6-weir/xk6-weir/internal/record"
	"github.com/k6-weir/xk6-weir/internal/rules"
)

// Keep is which frames of a stream outlive it.
type Keep int

// KeepControl keeps the frames that are neither answer, reasoning nor tool.
const (
	KeepControl Keep = iota
	KeepAll
	KeepNone
)

// The bounds of what is kept.
const (
	maxFrames     = 64
	maxFrameBytes = 16 << 10
	// DefaultTextBytes is the bound of a text when none was given.
	DefaultTextBytes = 1 << 20
)

// Options are what a script may ask for beyond the observation. The zero value keeps control frames.
type Options struct {
	Keep Keep
	// TextBytes is how much of the answer's text is kept; 0: there is no text.
	TextBytes int
	// CancelEvents is how many content frames are wanted; 0: all.
	CancelEvents int
	// OnBurst gets the frames of each read. It is called by Flush, on the goroutine that reads.
	OnBurst func([]Frame)
}

// Frame is a StreamFrame of index.d.ts.
type Frame struct {
	Event string  `json:"event"`
	Data  string  `json:"data"`
	At    float64 `json:"at"`
	Kind  string  `json:"kind"`
}

// Kept is what the options asked for. Dropped frames were too many or longer than 16 KiB.
type Kept struct {
	Frames  []Frame
	Dropped int
	Text    *string
}

type kept struct {
	options    Options
	cumulative bool
	frames     []Frame
	dropped    int
	burst      []Frame
	text       []byte
	full       bool // a text was cut: what follows would leave a hole
}

func (k *kept) take(said *rules.Interpreter, kind rules.Kind, event string, data []byte, at float64) {
	if kind == rules.Answer && k.options.TextBytes > 0 {
		k.addText(said.Text)
	}
	keeps := k.options.Keep == KeepAll || k.options.Keep == KeepControl && !kind.Content()
	fits := len(k.frames) < maxFrames && len(data) <= maxFrameBytes
	if keeps && !fits {
		k.dropped++
	}
	if k.options.OnBurst == nil && !(keeps && fits) {
		return
	}
	frame := Frame{Event: event, Data: string(data), At: record.Round(at), Kind: role(said, kind)}
	if keeps && fits {
		k.frames = append(k.frames, frame)
	}
	if k.options.OnBurst != nil {
		k.burst = append(k.burst, frame)
	}
}

// role tells apart what is one kind for the counts.
func role(said *rules.Interpreter, kind rules.Kind) string {
	switch {
	case kind != rules.Other:
		return kind.String()
	case said.Error != nil:
		return "error"
	case said.HitEnd:
		return "end"
	default:
		return kind.String()
	}
}

// addText keeps whole characters.
func (k *kept) addText(text string) {
	if k.cumulative {
		k.text, k.full = k.text[:0], false
	}
	if k.full {
		return
	}
	if room := k.options.TextBytes - len(k.text); len(text) > room {
		k.full = true
		for room > 0 && !utf8.RuneStart(text[room]) {
			room--
		}
		text = text[:room]
	}
	k.text = append(k.text, text...)
}

func (k *kept) flush() {
	if len(k.burst) > 0 {
		k.options.OnBurst(k.burst)
		k.burst = nil
	}
}

func (k *kept) result() Kept {
	result := Kept{Frames: k.frames, Dropped: k.dropped}
	if k.options.TextBytes > 0 {
		text := string(k.text)
		result.Text = &text
	}
	return result
}
