package framing

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type sseVector struct {
	Name         string
	Text         string
	AtEOF        string
	Comments     *int
	Unterminated int
	Events       []event
}

type event struct {
	Event string `json:"event"`
	Data  string `json:"data"`
	ID    string `json:"id"`
}

func sseVectors(t testing.TB) []sseVector {
	text, err := os.ReadFile("../../../test/vectors/sse.json")
	require.NoError(t, err)
	var file struct{ Vectors []sseVector }
	require.NoError(t, json.Unmarshal(text, &file))
	require.NotEmpty(t, file.Vectors)
	return file.Vectors
}

func (v sseVector) parser() *SSE {
	if v.AtEOF == "drop" {
		return &SSE{AtEOF: Drop}
	}
	return &SSE{}
}

// parse feeds the pieces and checks that End stays within its chunk and grows.
func parse(t testing.TB, p Parser, pieces ...[]byte) (events []event, unterminated int) {
	for _, piece := range pieces {
		end := 0
		err := p.Push(piece, func(f Frame) {
			require.GreaterOrEqual(t, f.End, end)
			require.LessOrEqual(t, f.End, len(piece))
			require.False(t, f.Unterminated)
			end = f.End
			events = append(events, event{f.Event, string(f.Data), f.ID})
		})
		require.NoError(t, err)
	}
	unterminated = p.Close(func(f Frame) {
		require.True(t, f.Unterminated)
		events = append(events, event{f.Event, string(f.Data), f.ID})
	})
	return events, unterminated
}

func TestSSEVectors(t *testing.T) {
	for _, vector := range sseVectors(t) {
		t.Run(vector.Name, func(t *testing.T) {
			check := func(split string, pieces ...[]byte) {
				p := vector.parser()
				events, unterminated := parse(t, p, pieces...)
				if len(vector.Events) > 0 || len(events) > 0 {
					require.Equal(t, vector.Events, events, split)
				}
				require.Equal(t, vector.Unterminated, unterminated, split)
				if vector.Comments != nil {
					require.Equal(t, *vector.Comments, p.Comments(), split)
				}
			}
			body := []byte(vector.Text)
			check("whole", body)
			check("single bytes", singleBytes(body)...)
			for at := range body {
				check(fmt.Sprintf("split at %d", at), body[:at], body[at:])
			}
		})
	}
}

func singleBytes(body []byte) (pieces [][]byte) {
	for i := range body {
		pieces = append(pieces, body[i:i+1])
	}
	return pieces
}

func TestSSEEndOfEventInItsChunk(t *testing.T) {
	for text, want := range map[string]int{
		"data:1\n\nrest":         8,
		"data:1\r\rrest":         8,
		"data:1\r\n\r\nrest":     10,
		"data:1\r\n\r\n":         10,
		": ping\n\ndata:1\n\n\n": 16,
	} {
		end := -1
		require.NoError(t, (&SSE{}).Push([]byte(text), func(f Frame) { end = f.End }))
		require.Equal(t, want, end, "%q", text)
	}
}

func TestSSEHandsOnInvalidUTF8(t *testing.T) {
	events, _ := parse(t, &SSE{}, []byte("data:a\xff\n\n"))
	require.Equal(t, "a\xff", events[0].Data)
}

func TestSSEBounds(t *testing.T) {
	line := strings.Repeat("x", MaxLineBytes-len("data:"))
	for name, row := range map[string]struct {
		body string
		want error
	}{
		"a line at the bound":            {"data:" + line + "\n\n", nil},
		"a line over it":                 {"data:" + line + "x\n\n", ErrLineTooLong},
		"a line over it that never ends": {"data:" + line + "x", ErrLineTooLong},
		"a comment over it":              {":" + line + "xxxxx", ErrLineTooLong},
		"an event at the bound":          {"data:\n" + strings.Repeat("data:"+line[:1<<20-10]+"\n", 4) + "\n", nil},
		"an event over it":               {strings.Repeat("data:"+line+"\n", 5) + "\n", ErrEventTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			for _, size := range []int{len(row.body), 1 << 15, 1000} {
				p := &SSE{}
				err := pushAll(p, []byte(row.body), size)
				require.ErrorIs(t, err, row.want)
				if row.want != nil {
					require.ErrorIs(t, p.Push([]byte("data:1\n\n"), unexpected(t)), row.want)
					require.Zero(t, p.Close(unexpected(t)))
				}
			}
		})
	}
}

func pushAll(p Parser, body []byte, size int) error {
	for len(body) > 0 {
		n := min(size, len(body))
		if err := p.Push(body[:n], func(Frame) {}); err != nil {
			return err
		}
		body = body[n:]
	}
	return nil
}

func unexpected(t *testing.T) func(Frame) {
	return func(f Frame) { t.Errorf("unexpected frame %q", f.Data) }
}

// No input makes the parser fail but for its bounds, and no split changes what comes out.
func FuzzSSE(f *testing.F) {
	for _, vector := range sseVectors(f) {
		f.Add([]byte(vector.Text), uint16(len(vector.Text)/2))
	}
	f.Add([]byte("\xef\xbb\xbfdata:\xff\r\r\n\x00\n"), uint16(3))
	f.Fuzz(func(t *testing.T, body []byte, at uint16) {
		if len(body) > MaxLineBytes {
			return
		}
		whole, left := parse(t, &SSE{}, body)
		cut := int(at) % (len(body) + 1)
		split, splitLeft := parse(t, &SSE{}, body[:cut], body[cut:])
		require.Equal(t, whole, split)
		require.Equal(t, left, splitLeft)
		bytewise, _ := parse(t, &SSE{}, singleBytes(body)...)
		require.Equal(t, whole, bytewise)
		for _, e := range whole {
			require.NotContains(t, e.ID, "\x00")
			require.NotEmpty(t, e.Event)
		}
	})
}

func BenchmarkSSE(b *testing.B) {
	event := []byte(`data: {"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}` + "\n\n")
	body := bytes.Repeat(event, 100)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := (&SSE{}).Push(body, func(Frame) {}); !errors.Is(err, nil) {
			b.Fatal(err)
		}
	}
}
