package weir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/grafana/sobek"
	"github.com/tidwall/gjson"

	"github.com/k6-weir/xk6-weir/internal/record"
)

// required are the members of every observation; the others may be absent.
var required = []string{
	"v", "id", "instance", "scenario", "vu", "iteration", "attempt", "dialect", "driver", "clock",
	"startedAt", "marks", "marks.end", "counts", "counts.events", "counts.answer", "counts.reasoning",
	"counts.tool", "counts.other", "counts.bytes", "counts.malformed", "counts.unterminated", "end",
	"end.by", "answerLength",
}

// decodeObservation takes the finished observation of another driver, by way of JSON. A key that is
// not in the schema is an error too: a prompt or an answer must not get into a record by mistake.
func decodeObservation(rt *sobek.Runtime, value sobek.Value) (*record.Observation, error) {
	if !isObject(value) {
		return nil, fmt.Errorf("stream must be a handle or an observation, got %s", kindOf(value))
	}
	source, err := value.ToObject(rt).MarshalJSON()
	if err != nil {
		return nil, fmt.Errorf("stream must be plain data: %w", err)
	}
	if err := checkMembers(gjson.ParseBytes(source)); err != nil {
		return nil, err
	}
	seen := &record.Observation{}
	decoder := json.NewDecoder(bytes.NewReader(source))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(seen); err != nil {
		return nil, decodeError(err)
	}
	if seen.V != record.Version {
		return nil, fmt.Errorf("stream.v must be %d, got %d", record.Version, seen.V)
	}
	return seen, nil
}

func checkMembers(stream gjson.Result) error {
	for _, path := range required {
		if !stream.Get(path).Exists() {
			return fmt.Errorf("stream.%s must be given, got undefined", path)
		}
	}
	return checkNulls("stream", stream)
}

// checkNulls: JSON has null for NaN, which encoding/json would read as 0.
func checkNulls(name string, value gjson.Result) (err error) {
	if value.Type == gjson.Null {
		return fmt.Errorf("%s must not be null or NaN", name)
	}
	if value.Type != gjson.JSON {
		return nil
	}
	index := 0
	value.ForEach(func(key, member gjson.Result) bool {
		inner := name + "." + key.Str
		if value.IsArray() {
			inner = fmt.Sprintf("%s[%d]", name, index)
		}
		index++
		err = checkNulls(inner, member)
		return err == nil
	})
	return err
}

func decodeError(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		// The path goes by Go's names where a struct is embedded.
		field := strings.ReplaceAll(wrong.Field, "Identity.", "")
		return fmt.Errorf("stream.%s must be %s, got %s", field, wanted(wrong.Type.Kind()), received(wrong.Value))
	}
	if unknown, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return fmt.Errorf("stream must not hold the unknown key %s", unknown)
	}
	return fmt.Errorf("stream must be an observation: %w", err)
}

func wanted(kind reflect.Kind) string {
	switch kind {
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "a number"
	default:
		return "a whole number"
	}
}

// received is encoding/json's word for a value: "string", "object", "number 1.5".
func received(value string) string {
	switch value {
	case "object", "array":
		return "an " + value
	case "bool":
		return "a boolean"
	default:
		return "a " + value
	}
}
