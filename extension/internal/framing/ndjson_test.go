package framing

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNDJSON(t *testing.T) {
	for name, row := range map[string]struct {
		body         string
		atEOF        AtEOF
		frames       []string
		unterminated int
	}{
		"lines end at a line feed":                    {"{\"a\":1}\n{\"a\":2}\n", Dispatch, []string{`{"a":1}`, `{"a":2}`}, 0},
		"a CR before the line feed belongs to it":     {"1\r\n2\r\n", Dispatch, []string{"1", "2"}, 0},
		"a CR alone ends nothing":                     {"1\r2\n", Dispatch, []string{"1\r2"}, 0},
		"blank lines are no frames":                   {"\n1\n\r\n  \n2\n", Dispatch, []string{"1", "2"}, 0},
		"the last line feed is missing: dispatched":   {"1\n2", Dispatch, []string{"1", "2"}, 1},
		"the last line feed is missing: dropped":      {"1\n2", Drop, []string{"1"}, 1},
		"blanks after the last line feed are nothing": {"1\n ", Dispatch, []string{"1"}, 0},
		"an empty body":                               {"", Dispatch, nil, 0},
		"characters of several bytes":                 {"\"ä你😀\"\n", Dispatch, []string{"\"ä你😀\""}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			body := []byte(row.body)
			splits := [][][]byte{{body}, singleBytes(body)}
			for at := range body {
				splits = append(splits, [][]byte{body[:at], body[at:]})
			}
			for _, pieces := range splits {
				p := &NDJSON{AtEOF: row.atEOF}
				events, unterminated := parse(t, p, pieces...)
				var frames []string
				for _, e := range events {
					require.Equal(t, "message", e.Event)
					frames = append(frames, e.Data)
				}
				require.Equal(t, row.frames, frames)
				require.Equal(t, row.unterminated, unterminated)
				require.Zero(t, p.Comments())
			}
		})
	}
}

func TestNDJSONBounds(t *testing.T) {
	long := strings.Repeat("x", MaxLineBytes)
	for _, size := range []int{MaxLineBytes + 2, 1000} {
		require.NoError(t, pushAll(&NDJSON{}, []byte(long+"\n"), size))
		p := &NDJSON{}
		require.ErrorIs(t, pushAll(p, []byte(long+"x"), size), ErrLineTooLong)
		require.ErrorIs(t, p.Push([]byte("1\n"), unexpected(t)), ErrLineTooLong)
	}
}

// No split changes what comes out, and no line holds a line feed.
func FuzzNDJSON(f *testing.F) {
	f.Add([]byte("{\"a\":1}\r\n\n2"), uint16(4))
	f.Fuzz(func(t *testing.T, body []byte, at uint16) {
		if len(body) > MaxLineBytes {
			return
		}
		whole, left := parse(t, &NDJSON{}, body)
		cut := int(at) % (len(body) + 1)
		split, splitLeft := parse(t, &NDJSON{}, body[:cut], body[cut:])
		require.Equal(t, whole, split)
		require.Equal(t, left, splitLeft)
		bytewise, _ := parse(t, &NDJSON{}, singleBytes(body)...)
		require.Equal(t, whole, bytewise)
		for _, e := range whole {
			require.NotContains(t, e.Data, "\n")
			require.NotEmpty(t, strings.TrimSpace(e.Data))
		}
	})
}
