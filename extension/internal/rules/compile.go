package rules

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

// Compile checks rules given as JSON and makes them ready for use. An error names the field, the
// rule and the value: `rules.delta must be one of incremental, cumulative, got "all"`.
func Compile(source string) (*Rules, error) {
	if !isJSON(source) || !gjson.Parse(source).IsObject() {
		return nil, fmt.Errorf("rules must be an object")
	}
	c := compiler{rules: &Rules{}}
	c.object(gjson.Parse(source))
	if c.err != nil {
		return nil, c.err
	}
	return c.rules, nil
}

// compiler keeps the first error: what follows it is not looked at.
type compiler struct {
	rules *Rules
	err   error
}

func (c *compiler) fail(field, rule string, got gjson.Result) {
	if c.err == nil {
		c.err = fmt.Errorf("%s must %s, got %s", field, rule, show(got))
	}
}

func (c *compiler) object(source gjson.Result) {
	given := c.members("rules", source, "framing", "answer", "reasoning", "tool", "delta", "end",
		"error", "errorCode", "errorMessage", "finish", "traceId", "usage", "sequence")
	r := c.rules
	r.Framing = Framing(c.choice("rules.framing", given["framing"], "sse", "ndjson", "message"))
	r.cumulative = c.choice("rules.delta", given["delta"], "incremental", "cumulative") == "cumulative"
	if answer := given["answer"]; !answer.IsArray() || len(answer.Array()) == 0 {
		c.fail("rules.answer", "be an array with at least one path", answer)
	}
	r.plainText = true
	for _, kind := range []Kind{Answer, Reasoning, Tool} {
		name := kind.String()
		if places := c.paths("rules."+name, given[name]); len(places) > 0 {
			r.content = append(r.content, kindPaths{kind, places})
			for _, at := range places {
				r.plainText = r.plainText && at == rawData
			}
		}
	}
	if end := given["end"]; !end.IsArray() || len(end.Array()) == 0 {
		c.fail("rules.end", "be an array with at least one match", end)
	}
	if !given["error"].IsArray() {
		c.fail("rules.error", "be an array of matches", given["error"])
	}
	r.end = c.matches("rules.end", given["end"])
	r.errors = c.matches("rules.error", given["error"])
	r.errorCode = c.paths("rules.errorCode", given["errorCode"])
	r.errorMessage = c.paths("rules.errorMessage", given["errorMessage"])
	r.finish = c.paths("rules.finish", given["finish"])
	r.traceID = c.paths("rules.traceId", given["traceId"])
	c.usage(given["usage"])
	if sequence := given["sequence"]; sequence.Exists() {
		at := c.path("rules.sequence", sequence)
		r.sequence = &at
	}
}

func (c *compiler) usage(source gjson.Result) {
	if !source.Exists() {
		return
	}
	given := c.members("rules.usage", source, "answerTokens", "reasoningTokens", "promptTokens")
	if !given["answerTokens"].Exists() {
		c.fail("rules.usage.answerTokens", "be a path", gjson.Result{})
	}
	for _, field := range []struct {
		name string
		set  func(*Usage, float64)
	}{
		{"answerTokens", func(u *Usage, tokens float64) { u.AnswerTokens = &tokens }},
		{"reasoningTokens", func(u *Usage, tokens float64) { u.ReasoningTokens = &tokens }},
		{"promptTokens", func(u *Usage, tokens float64) { u.PromptTokens = &tokens }},
	} {
		if path := given[field.name]; path.Exists() {
			at := c.path("rules.usage."+field.name, path)
			c.rules.usage = append(c.rules.usage, usagePath{field.set, at})
		}
	}
}

func (c *compiler) matches(field string, source gjson.Result) []match {
	var matches []match
	for i, item := range source.Array() {
		matches = append(matches, c.match(fmt.Sprintf("%s[%d]", field, i), item))
	}
	return matches
}

func (c *compiler) match(field string, source gjson.Result) match {
	given := c.members(field, source, "event", "data", "path", "is")
	event, data, path, is := given["event"], given["data"], given["path"], given["is"]
	m := match{event: c.optionalText(field+".event", event), data: c.optionalText(field+".data", data)}
	if !event.Exists() && !data.Exists() && !path.Exists() {
		c.fail(field, "hold event, data or path", source)
	}
	if is.Exists() && !path.Exists() {
		c.fail(field+".is", "go with a path", is)
	}
	c.rules.literals = c.rules.literals || m.data != nil
	if path.Exists() {
		at := c.path(field+".path", path)
		m.place = &at
		m.holds = c.question(field+".is", is)
	}
	return m
}

func (c *compiler) question(field string, is gjson.Result) func(gjson.Result) bool {
	switch {
	case !is.Exists():
		return present
	case is.IsObject():
		return c.comparison(field, is)
	}
	switch c.choice(field, is, "present", "truthy", "non-zero") {
	case "truthy":
		return truthy
	case "non-zero":
		return nonZero
	default:
		return present
	}
}

func (c *compiler) comparison(field string, is gjson.Result) func(gjson.Result) bool {
	given := c.members(field, is, "equal", "oneOf")
	equal, list := given["equal"], given["oneOf"]
	switch {
	case equal.Exists() == list.Exists():
		c.fail(field, "hold either equal or oneOf", is)
	case equal.Exists():
		if equal.Type != gjson.String && equal.Type != gjson.Number && !equal.IsBool() {
			c.fail(field+".equal", "be a string, a number or a boolean", equal)
		}
		return equalTo(equal)
	case !list.IsArray() || len(list.Array()) == 0:
		c.fail(field+".oneOf", "be an array with at least one value", list)
	}
	for i, item := range list.Array() {
		if item.Type != gjson.String && item.Type != gjson.Number {
			c.fail(fmt.Sprintf("%s.oneOf[%d]", field, i), "be a string or a number", item)
		}
	}
	return oneOf(list.Array())
}

func (c *compiler) paths(field string, source gjson.Result) []place {
	if !source.Exists() {
		return nil
	}
	if !source.IsArray() {
		c.fail(field, "be an array of paths", source)
		return nil
	}
	var places []place
	for i, item := range source.Array() {
		places = append(places, c.path(fmt.Sprintf("%s[%d]", field, i), item))
	}
	return places
}

func (c *compiler) path(field string, source gjson.Result) place {
	if source.Type != gjson.String {
		c.fail(field, "be a path such as choices.*.text", source)
		return rawData
	}
	at, err := c.rules.paths.add(source.Str)
	if err != nil {
		c.fail(field, err.Error(), source)
	}
	return at
}

func (c *compiler) members(field string, source gjson.Result, known ...string) map[string]gjson.Result {
	members := map[string]gjson.Result{}
	if !source.IsObject() {
		c.fail(field, "be an object", source)
		return members
	}
	source.ForEach(func(key, value gjson.Result) bool {
		for _, name := range known {
			if key.Str == name {
				members[name] = value
				return true
			}
		}
		c.fail(field, "hold no other key than "+strings.Join(known, ", "), key)
		return false
	})
	return members
}

func (c *compiler) choice(field string, source gjson.Result, known ...string) string {
	for _, name := range known {
		if source.Type == gjson.String && source.Str == name {
			return name
		}
	}
	c.fail(field, "be one of "+strings.Join(known, ", "), source)
	return known[0]
}

func (c *compiler) optionalText(field string, source gjson.Result) *string {
	if !source.Exists() {
		return nil
	}
	if source.Type != gjson.String {
		c.fail(field, "be a string", source)
	}
	return &source.Str
}

// show prints a received value for an error, bounded. Rules hold no secret.
func show(value gjson.Result) string {
	switch {
	case !value.Exists():
		return "undefined"
	case value.IsObject():
		return "an object"
	case value.IsArray() && len(value.Array()) > 0:
		return "an array"
	}
	const most = 60
	if raw := []rune(value.Raw); len(raw) > most {
		return string(raw[:most]) + "…"
	}
	return value.Raw
}
