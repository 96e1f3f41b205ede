package rules

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const valid = `{"framing":"sse","answer":["a"],"delta":"incremental","end":[{"data":"x"}],"error":[]}`

func TestCompileErrors(t *testing.T) {
	for _, row := range []struct{ name, from, to, want string }{
		{"no object", valid, `[]`, "rules must be an object"},
		{"no JSON", valid, `{`, "rules must be an object"},
		{"unknown key", `"error":[]`, `"error":[],"foo":1`,
			`rules must hold no other key than framing, answer, reasoning, tool, delta, end, error, ` +
				`errorCode, errorMessage, finish, traceId, usage, sequence, got "foo"`},
		{"framing", `"sse"`, `"csv"`, `rules.framing must be one of sse, ndjson, message, got "csv"`},
		{"no framing", `"framing":"sse",`, ``,
			`rules.framing must be one of sse, ndjson, message, got undefined`},
		{"delta", `"incremental"`, `"all"`, `rules.delta must be one of incremental, cumulative, got "all"`},
		{"no answer", `["a"]`, `[]`, `rules.answer must be an array with at least one path, got []`},
		{"answer as a string", `["a"]`, `"a"`, `rules.answer must be an array with at least one path, got "a"`},
		{"no path", `["a"]`, `["a",1]`, `rules.answer[1] must be a path such as choices.*.text, got 1`},
		{"reasoning", `"error":[]`, `"error":[],"reasoning":"r"`,
			`rules.reasoning must be an array of paths, got "r"`},
		{"empty key", `["a"]`, `["a..b"]`, `rules.answer[0] must not hold an empty key, got "a..b"`},
		{"dot at the end", `["a"]`, `["a."]`, `rules.answer[0] must not hold an empty key, got "a."`},
		{"bad escape", `["a"]`, `["a\\n"]`,
			`rules.answer[0] must escape only a dot, a star or a backslash, got "a\\n"`},
		{"escape at the end", `["a"]`, `["a\\"]`,
			`rules.answer[0] must escape only a dot, a star or a backslash, got "a\\"`},
		{"no end", `[{"data":"x"}]`, `[]`, `rules.end must be an array with at least one match, got []`},
		{"end missing", `"end":[{"data":"x"}],`, ``,
			`rules.end must be an array with at least one match, got undefined`},
		{"error missing", `,"error":[]`, ``, `rules.error must be an array of matches, got undefined`},
		{"no match", `{"data":"x"}`, `"x"`, `rules.end[0] must be an object, got "x"`},
		{"empty match", `{"data":"x"}`, `{}`, `rules.end[0] must hold event, data or path, got an object`},
		{"match key", `{"data":"x"}`, `{"data":"x","at":1}`,
			`rules.end[0] must hold no other key than event, data, path, is, got "at"`},
		{"data", `{"data":"x"}`, `{"data":1}`, `rules.end[0].data must be a string, got 1`},
		{"event", `{"data":"x"}`, `{"event":null}`, `rules.end[0].event must be a string, got null`},
		{"is without path", `{"data":"x"}`, `{"data":"x","is":"present"}`,
			`rules.end[0].is must go with a path, got "present"`},
		{"is", `{"data":"x"}`, `{"path":"x","is":"zero"}`,
			`rules.end[0].is must be one of present, truthy, non-zero, got "zero"`},
		{"empty is", `{"data":"x"}`, `{"path":"x","is":{}}`,
			`rules.end[0].is must hold either equal or oneOf, got an object`},
		{"two of is", `{"data":"x"}`, `{"path":"x","is":{"equal":1,"oneOf":[1]}}`,
			`rules.end[0].is must hold either equal or oneOf, got an object`},
		{"equal", `{"data":"x"}`, `{"path":"x","is":{"equal":null}}`,
			`rules.end[0].is.equal must be a string, a number or a boolean, got null`},
		{"oneOf", `{"data":"x"}`, `{"path":"x","is":{"oneOf":[]}}`,
			`rules.end[0].is.oneOf must be an array with at least one value, got []`},
		{"oneOf boolean", `{"data":"x"}`, `{"path":"x","is":{"oneOf":["a",true]}}`,
			`rules.end[0].is.oneOf[1] must be a string or a number, got true`},
		{"error match", `"error":[]`, `"error":[{"path":"a"},{"path":2}]`,
			`rules.error[1].path must be a path such as choices.*.text, got 2`},
		{"usage", `"error":[]`, `"error":[],"usage":{}`,
			`rules.usage.answerTokens must be a path, got undefined`},
		{"usage key", `"error":[]`, `"error":[],"usage":{"answerTokens":"a","total":"b"}`,
			`rules.usage must hold no other key than answerTokens, reasoningTokens, promptTokens, got "total"`},
		{"sequence", `"error":[]`, `"error":[],"sequence":[]`,
			`rules.sequence must be a path such as choices.*.text, got []`},
		{"long value", `"sse"`, `"` + strings.Repeat("x", 500) + `"`,
			`rules.framing must be one of sse, ndjson, message, got "` + strings.Repeat("x", 59) + `…`},
	} {
		t.Run(row.name, func(t *testing.T) {
			source := strings.Replace(valid, row.from, row.to, 1)
			require.NotEqual(t, valid, source)
			_, err := Compile(source)
			require.EqualError(t, err, row.want)
		})
	}
	_, err := Compile(valid)
	require.NoError(t, err)
}

func TestCacheCompilesEqualRulesOnce(t *testing.T) {
	cache := &Cache{}
	first, err := cache.Compile(valid)
	require.NoError(t, err)
	second, err := cache.Compile(valid)
	require.NoError(t, err)
	require.Same(t, first, second)
	_, err = cache.Compile(`{}`)
	require.Error(t, err)
	for i := range 2 * cached {
		_, err = cache.Compile(strings.Replace(valid, `"x"`, `"`+strings.Repeat("x", i)+`"`, 1))
		require.NoError(t, err)
	}
	require.LessOrEqual(t, len(cache.rules), cached)
}
