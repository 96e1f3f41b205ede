package rules

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/tidwall/gjson"
)

// MaxJSONDepth: deeper JSON is malformed. No chat API nests like that, hostile input does, and a
// recursive parser would run out of stack on it.
const MaxJSONDepth = 64

// frame is what the rules can ask of one frame.
type frame struct {
	event string
	data  string
	found [][]gjson.Result // by place; all empty when the data was not parsed
}

// parse finds the values of all paths. It is false, with nothing found, when the data is not one
// JSON value.
func (f *frame) parse(tree *pathTree) bool {
	if !isJSON(f.data) {
		return false
	}
	if tree.slots > 0 {
		tree.root.walk(f.data[skipSpace(f.data, 0):], f.found)
	}
	return true
}

// reset borrows the data: whatever is kept beyond this frame must be a copy.
func (f *frame) reset(event string, data []byte) {
	f.event, f.data = event, unsafe.String(unsafe.SliceData(data), len(data)) //nolint:gosec // see above
	for i := range f.found {
		f.found[i] = f.found[i][:0]
	}
}

// first is the first value at a place for which the question holds.
func (f *frame) first(at place, holds func(gjson.Result) bool) (gjson.Result, bool) {
	if at == rawData {
		raw := gjson.Result{Type: gjson.String, Str: f.data}
		return raw, holds(raw)
	}
	for _, value := range f.found[at] {
		if holds(value) {
			return value, true
		}
	}
	return gjson.Result{}, false
}

// text is the first non-empty string or number at the places, as JavaScript would print it.
func (f *frame) text(places []place) string {
	for _, at := range places {
		if value, ok := f.first(at, isScalar); ok {
			if value.Type == gjson.Number {
				return decimal(value.Num)
			}
			return value.Str
		}
	}
	return ""
}

func isText(value gjson.Result) bool   { return value.Type == gjson.String && value.Str != "" }
func isNumber(value gjson.Result) bool { return value.Type == gjson.Number }
func isScalar(value gjson.Result) bool { return isText(value) || isNumber(value) }

// isJSON: one value, valid UTF-8, nested at most MaxJSONDepth deep. The depth comes first, because
// gjson's validator recurses.
func isJSON(data string) bool {
	return utf8.ValidString(data) && !tooDeep(data) && gjson.Valid(data)
}

func tooDeep(data string) bool {
	if strings.Count(data, "[")+strings.Count(data, "{") <= MaxJSONDepth {
		return false
	}
	depth, quoted := 0, false
	for i := 0; i < len(data); i++ {
		switch char := data[i]; {
		case quoted && char == '\\':
			i++
		case char == '"':
			quoted = !quoted
		case quoted:
		case char == '{' || char == '[':
			if depth++; depth > MaxJSONDepth {
				return true
			}
		case char == '}' || char == ']':
			depth--
		}
	}
	return false
}

// decimal prints a number as JavaScript's String() does: codes are compared and shown as text, and
// both interpreters must show the same.
func decimal(number float64) string {
	switch size := math.Abs(number); {
	case number == 0:
		return "0"
	case math.IsInf(number, 1):
		return "Infinity"
	case math.IsInf(number, -1):
		return "-Infinity"
	case size >= 1e21 || size < 1e-6:
		text := strconv.FormatFloat(number, 'e', -1, 64)
		mantissa, exponent, _ := strings.Cut(text, "e")
		return mantissa + "e" + exponent[:1] + strings.TrimLeft(exponent[1:], "0")
	default:
		return strconv.FormatFloat(number, 'f', -1, 64)
	}
}
