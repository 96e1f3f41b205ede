package rules

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k6-weir/xk6-weir/internal/record"
)

func TestInvalidUTF8IsMalformed(t *testing.T) {
	rules, err := Compile(valid)
	require.NoError(t, err)
	in := rules.NewInterpreter()
	require.Equal(t, Malformed, in.Frame("message", []byte("{\"a\":\"\xff\"}")))
	require.Equal(t, Answer, in.Frame("message", []byte(`{"a":"b"}`)))
}

func TestInvalidUTF8OfPlainTextIsContent(t *testing.T) {
	rules, err := Compile(strings.Replace(valid, `["a"]`, `[""]`, 1))
	require.NoError(t, err)
	in := rules.NewInterpreter()
	require.Equal(t, Answer, in.Frame("message", []byte("a\xff")))
	require.Equal(t, 2, in.AnswerLength)
}

// A recursive validator would need a gigabyte of stack for this.
func TestDepthIsFoundBeforeAnythingRecurses(t *testing.T) {
	require.False(t, isJSON(strings.Repeat("[", 4<<20)))
}

func TestErrorInBody(t *testing.T) {
	rules, err := Compile(strings.Replace(valid, `"error":[]`,
		`"error":[],"errorCode":["error.code","code"],"errorMessage":["error.message","message"]`, 1))
	require.NoError(t, err)
	for body, want := range map[string]record.StreamError{
		`{"error":{"code":"quota","message":"none \u0000left"}}`: {Code: "quota", Message: "none  left"},
		`{"code":11202,"message":"licc"}`:                        {Code: "11202", Message: "licc"},
		`{"other":1}`:                                            {},
		`[]`:                                                     {},
	} {
		want.Source = "http"
		got, isJSON := rules.ErrorInBody([]byte(body))
		require.True(t, isJSON)
		require.Equal(t, want, *got)
	}
	got, isJSON := rules.ErrorInBody([]byte("<html>"))
	require.False(t, isJSON)
	require.Equal(t, record.StreamError{Source: "http"}, *got)
}

func TestDecimalPrintsAsJavaScript(t *testing.T) {
	for want, number := range map[string]float64{
		"0": math.Copysign(0, -1), "-1.5": -1.5, "11202": 11202, "0.000001": 1e-6, "1e-7": 1e-7,
		"100000000000000000000": 1e20, "1e+21": 1e21, "1.5e+300": 1.5e300,
		"12345678901234567000": 12345678901234567890, "Infinity": math.Inf(1), "-Infinity": math.Inf(-1),
	} {
		require.Equal(t, want, decimal(number))
	}
}

func TestAnInterpreterKeepsNothingOfAFramesMemory(t *testing.T) {
	rules, err := Compile(strings.Replace(valid, `"error":[]`, `"error":[],"traceId":["id"]`, 1))
	require.NoError(t, err)
	in := rules.NewInterpreter()
	frame := []byte(`{"a":"b","id":"one"}`)
	in.Frame("message", frame)
	copy(frame, strings.Repeat("#", len(frame)))
	require.Equal(t, "one", in.TraceID)
}

// isJSON agrees with the standard library on everything that is not too deep.
func FuzzJSON(f *testing.F) {
	for _, row := range vectors(f) {
		for _, frame := range row.Frames {
			f.Add(frame.Data)
		}
	}
	f.Add("{\"a\":\"\x01\"}")
	f.Add(`"\ud800"`)
	f.Add(`-01.e5`)
	f.Fuzz(func(t *testing.T, data string) {
		if tooDeep(data) {
			return
		}
		if got := isJSON(data); got && !json.Valid([]byte(data)) {
			t.Errorf("%q is no JSON", data)
		} else if !got && json.Valid([]byte(data)) && strings.ToValidUTF8(data, "") == data {
			t.Errorf("%q is JSON", data)
		}
	})
}

// No frame makes the interpreter fail, and its counts always add up.
func FuzzInterpreter(f *testing.F) {
	var compiled []*Rules
	for i, row := range vectors(f) {
		rules, err := Compile(string(row.Rules))
		require.NoError(f, err)
		compiled = append(compiled, rules)
		for _, frame := range row.Frames {
			f.Add(i, frame.Data, `{"text":"a"}`)
		}
	}
	f.Fuzz(func(t *testing.T, which int, first, second string) {
		rules := compiled[uint(which)%uint(len(compiled))]
		in := rules.NewInterpreter()
		frames := 0
		for _, data := range []string{first, second, first, "[DONE]"} {
			before := in.Over()
			kind := in.Frame("message", []byte(data))
			frames++
			require.Equal(t, before, kind == After)
		}
		sum := 0
		for _, count := range in.Counts {
			sum += count
		}
		require.Equal(t, frames, sum)
		require.False(t, in.Complete && in.Error != nil)
	})
}

func BenchmarkContentFrame(b *testing.B) {
	rules, err := Compile(`{"framing":"sse","answer":["choices.*.delta.content","choices.*.delta.refusal"],
		"reasoning":["choices.*.delta.reasoning_content","choices.*.delta.reasoning"],
		"tool":["choices.*.delta.tool_calls.*.function.arguments"],"delta":"incremental",
		"end":[{"path":"choices.*.finish_reason"},{"data":"[DONE]"}],"error":[{"path":"error","is":"truthy"}],
		"finish":["choices.*.finish_reason"],"traceId":["id"],"usage":{"answerTokens":"usage.completion_tokens"}}`)
	require.NoError(b, err)
	frame := []byte(`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m",` +
		`"choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}]}`)
	in := rules.NewInterpreter()
	b.ReportAllocs()
	for b.Loop() {
		in.Frame("message", frame)
	}
}
