package collect

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k6-weir/xk6-weir/internal/record"
	"github.com/k6-weir/xk6-weir/internal/rules"
)

const source = `{"framing":"sse","answer":["text"],"reasoning":["think"],"delta":"%s",
	"end":[{"path":"finish"},{"data":"[DONE]"}],"error":[{"path":"error","is":"truthy"}]}`

func compile(t testing.TB, delta string) *rules.Rules {
	compiled, err := rules.Compile(fmt.Sprintf(source, delta))
	require.NoError(t, err)
	return compiled
}

func feed(c *Collector, frames ...string) {
	for i, data := range frames {
		c.Frame("message", []byte(data), float64(i)+0.00049)
		c.Flush()
	}
}

func of(frames []Frame) (kinds []string) {
	for _, frame := range frames {
		kinds = append(kinds, frame.Kind)
	}
	return kinds
}

var stream = []string{
	`{"role":1}`, `{"think":"hm"}`, `{"text":"ab"}`, `<`, `{"text":"c","finish":"stop"}`,
	`{"finish":"again"}`, `[DONE]`, `{"late":1}`,
}

func TestKeep(t *testing.T) {
	for name, row := range map[string]struct {
		keep Keep
		want []string
	}{
		"control": {KeepControl, []string{"other", "malformed", "end", "end"}},
		"all":     {KeepAll, []string{"other", "reasoning", "answer", "malformed", "answer", "end", "end"}},
		"none":    {KeepNone, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := New(compile(t, "incremental"), Options{Keep: row.keep})
			feed(c, stream...)
			kept := c.Kept()
			require.Equal(t, row.want, of(kept.Frames))
			require.Zero(t, kept.Dropped)
			require.Nil(t, kept.Text)
			if row.keep == KeepControl {
				require.Equal(t, Frame{Event: "message", Data: `{"role":1}`, Kind: "other"}, kept.Frames[0])
				require.InDelta(t, 3, kept.Frames[1].At, 0, "rounded to microseconds")
			}
		})
	}
}

func TestAnErrorFrameIsOne(t *testing.T) {
	c := New(compile(t, "incremental"), Options{})
	feed(c, `{"text":"a"}`, `{"error":{"code":1},"finish":"x"}`, `{"role":1}`)
	require.Equal(t, []string{"error"}, of(c.Kept().Frames))
}

func TestKeptFramesAreBounded(t *testing.T) {
	c := New(compile(t, "incremental"), Options{})
	feed(c, `"`+strings.Repeat("x", maxFrameBytes-2)+`"`, `"`+strings.Repeat("x", maxFrameBytes-1)+`"`)
	for range 100 {
		feed(c, `{}`)
	}
	require.Len(t, c.Kept().Frames, 64)
	require.Equal(t, 1+100-63, c.Kept().Dropped)
}

// The caller uses a frame's memory again.
func TestWhatIsKeptIsCopied(t *testing.T) {
	c := New(compile(t, "cumulative"), Options{Keep: KeepAll, TextBytes: 100})
	data := []byte(`{"text":"ab"}`)
	c.Frame("message", data, 1)
	copy(data, `{"text":"ab"}`)
	c.Frame("message", data, 2)
	copy(data, "#############")
	require.Equal(t, `{"text":"ab"}`, c.Kept().Frames[0].Data)
	require.Equal(t, "ab", *c.Kept().Text)
	require.Equal(t, 1, c.Content(), "the second said nothing new")
}

func TestText(t *testing.T) {
	for name, row := range map[string]struct {
		delta  string
		bytes  int
		frames []string
		want   string
	}{
		"pieces":                      {"incremental", 100, []string{`{"text":"a\nb"}`, `{"think":"no"}`, `{"text":"文"}`}, "a\nb文"},
		"none":                        {"incremental", 100, []string{`{}`}, ""},
		"cut at the bound":            {"incremental", 3, []string{`{"text":"ab"}`, `{"text":"cd"}`}, "abc"},
		"cut before a character":      {"incremental", 4, []string{`{"text":"ab"}`, `{"text":"文"}`, `{"text":"c"}`}, "ab"},
		"repeated and growing":        {"cumulative", 100, []string{`{"text":"a"}`, `{"text":"ab"}`}, "ab"},
		"repeated, cut and rewritten": {"cumulative", 2, []string{`{"text":"abc"}`, `{"text":"x"}`}, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			c := New(compile(t, row.delta), Options{TextBytes: row.bytes})
			feed(c, row.frames...)
			require.Equal(t, row.want, *c.Kept().Text)
		})
	}
}

func TestBursts(t *testing.T) {
	var bursts [][]string
	c := New(compile(t, "incremental"), Options{
		Keep: KeepNone, OnBurst: func(frames []Frame) { bursts = append(bursts, of(frames)) },
	})
	for i, data := range stream {
		c.Frame("message", []byte(data), float64(i))
		if i == 2 || i == 3 || i == 7 {
			c.Flush()
		}
	}
	c.Flush()
	require.Equal(t, [][]string{
		{"other", "reasoning", "answer"}, {"malformed"}, {"answer", "end", "end"},
	}, bursts)
}

func TestCancelAfterEvents(t *testing.T) {
	c := New(compile(t, "incremental"), Options{CancelEvents: 2, Keep: KeepAll})
	feed(c, stream...)
	require.True(t, c.Cancelled())
	require.False(t, c.Over())
	var seen record.Observation
	c.Into(&seen, 2000, false)
	require.Equal(t, 3, seen.Counts.Events)
	require.Len(t, c.Kept().Frames, 3)
	require.InDelta(t, 2, *seen.Marks.LastContent, 0)

	c = New(compile(t, "incremental"), Options{CancelEvents: 1})
	feed(c, `[DONE]`, `{"text":"a","finish":"stop"}`)
	require.True(t, c.Over())
	require.False(t, c.Cancelled(), "it was complete")
}

func TestAnOrdinaryContentFrameAllocatesNothing(t *testing.T) {
	c := New(compile(t, "incremental"), Options{})
	data := []byte(`{"text":"ab"}`)
	for range 2000 {
		c.Frame("message", data, 1)
	}
	require.Zero(t, testing.AllocsPerRun(20, func() { c.Frame("message", data, 1) }))
}
