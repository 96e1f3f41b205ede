package rules

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k6-weir/xk6-weir/internal/record"
)

type vector struct {
	Name   string
	Rules  json.RawMessage
	Frames []struct {
		Event *string
		Data  string
	}
	Expect struct {
		Counts struct {
			Answer, Reasoning, Tool, Other, Malformed int
		}
		Complete       bool
		CompleteAt     *int
		Error          *record.StreamError
		Finish         string
		Usage          *Usage
		TraceID        string `json:"traceId"`
		AnswerLength   int
		Sequence       *record.Sequence
		AfterEndEvents int
	}
}

// vectors are the shared ones, or those of the file that WEIR_RULES_VECTORS names: test/conformance
// generates frames and lets TypeScript say what it made of them.
func vectors(t testing.TB) (rows []vector) {
	file := "../../../test/vectors/rules.json"
	if generated := os.Getenv("WEIR_RULES_VECTORS"); generated != "" {
		file = generated
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &rows))
	require.NotEmpty(t, rows)
	return rows
}

func TestVectors(t *testing.T) {
	for _, row := range vectors(t) {
		t.Run(row.Name, func(t *testing.T) {
			rules, err := Compile(string(row.Rules))
			require.NoError(t, err)
			in := rules.NewInterpreter()
			completeAt := -1
			for at, frame := range row.Frames {
				event := "message"
				if frame.Event != nil {
					event = *frame.Event
				}
				was := in.Complete
				in.Frame(event, []byte(frame.Data))
				if in.Complete && !was {
					completeAt = at
				}
			}
			want := row.Expect
			require.Equal(t, want.Counts, struct{ Answer, Reasoning, Tool, Other, Malformed int }{
				in.Counts[Answer], in.Counts[Reasoning], in.Counts[Tool], in.Counts[Other],
				in.Counts[Malformed],
			}, "counts")
			require.Equal(t, want.Complete, in.Complete, "complete")
			if want.CompleteAt != nil {
				require.Equal(t, *want.CompleteAt, completeAt, "completeAt")
			}
			if want.Error != nil {
				want.Error.Source = "frame"
			}
			require.Equal(t, want.Error, in.Error, "error")
			require.Equal(t, want.Finish, in.Finish, "finish")
			require.Equal(t, want.Usage, in.Usage, "usage")
			require.Equal(t, want.TraceID, in.TraceID, "traceId")
			require.Equal(t, want.AnswerLength, in.AnswerLength, "answerLength")
			require.Equal(t, want.Sequence, in.Sequence, "sequence")
			require.Equal(t, want.AfterEndEvents, in.Counts[After], "afterEndEvents")
		})
	}
}
