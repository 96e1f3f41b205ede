package weir

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"
)

// options reads what a script passed, strictly: an unknown key, a wrong type or a value out of range
// is an error that names field, rule and value. The first one is kept and the rest is read on with
// zero values, so that callers ask once at the end.
type options struct {
	rt  *sobek.Runtime
	err error
}

// object is one of its objects. A nil object has no members.
type object struct {
	*options
	name string // "" for the call's own argument
	js   *sobek.Object
}

func (o *options) fail(field, rule string, got sobek.Value) {
	o.failSecret(field, rule, show(got))
}

// failSecret is for fields whose values no error may repeat: what was received is told by its kind.
func (o *options) failSecret(field, rule, got string) {
	if o.err == nil {
		o.err = fmt.Errorf("%s must %s, got %s", field, rule, got)
	}
}

// object takes a value that has no other keys than these. Without keys any are allowed.
func (o *options) object(name string, value sobek.Value, known ...string) object {
	if !isObject(value) {
		o.fail(name, "be an object", value)
		return object{options: o, name: name}
	}
	js := value.ToObject(o.rt)
	for _, key := range js.Keys() {
		if len(known) > 0 && !slices.Contains(known, key) {
			o.failSecret(joined(name, key), "not be there: the known keys are "+strings.Join(known, ", "),
				kindOf(js.Get(key)))
		}
	}
	return object{o, name, js}
}

func (o object) get(key string) sobek.Value {
	if o.js == nil {
		return sobek.Undefined()
	}
	if value := o.js.Get(key); value != nil {
		return value
	}
	return sobek.Undefined()
}

// given tells an absent member, or one that is undefined, from every other.
func (o object) given(key string) bool { return !sobek.IsUndefined(o.get(key)) }

func (o object) field(key string) string { return joined(o.name, key) }

func (o object) child(key string, known ...string) object {
	return o.object(o.field(key), o.get(key), known...)
}

func (o object) text(key string) string {
	value := o.get(key)
	if text, ok := value.Export().(string); ok && text != "" {
		return text
	}
	o.fail(o.field(key), "be a string that is not empty", value)
	return ""
}

func (o object) optionalText(key string) string {
	if !o.given(key) {
		return ""
	}
	return o.text(key)
}

// optional is a text that may be empty or absent.
func (o object) optional(key string) string {
	if !o.given(key) {
		return ""
	}
	return o.secret(key)
}

// secret is a text that no error repeats. It may be empty.
func (o object) secret(key string) string {
	value := o.get(key)
	text, ok := value.Export().(string)
	if !ok {
		o.failSecret(o.field(key), "be a string", kindOf(value))
	}
	return text
}

func (o object) choice(key string, known ...string) string {
	value := o.get(key)
	text, ok := value.Export().(string)
	if !ok || !slices.Contains(known, text) {
		o.fail(o.field(key), "be one of "+strings.Join(known, ", "), value)
		return ""
	}
	return text
}

func (o object) number(key string, from, to float64) float64 {
	value := o.get(key)
	if number, ok := asNumber(value); ok && number >= from && number <= to {
		return number
	}
	o.fail(o.field(key), fmt.Sprintf("be a number from %s to %s", plain(from), plain(to)), value)
	return from
}

func (o object) optionalNumber(key string, from, to, otherwise float64) float64 {
	if !o.given(key) {
		return otherwise
	}
	return o.number(key, from, to)
}

func (o object) whole(key string) int64 {
	value := o.get(key)
	if number, ok := asNumber(value); ok && number == math.Trunc(number) && math.Abs(number) < 1<<53 {
		return int64(number)
	}
	o.fail(o.field(key), "be a whole number", value)
	return 0
}

func (o object) optionalFlag(key string) bool {
	if !o.given(key) {
		return false
	}
	value := o.get(key)
	flag, ok := value.Export().(bool)
	if !ok {
		o.fail(o.field(key), "be true or false", value)
	}
	return flag
}

// texts is an object of strings; nil when absent. Its values are never repeated.
func (o object) texts(key string) map[string]string {
	if !o.given(key) {
		return nil
	}
	child := o.child(key)
	texts := map[string]string{}
	if child.js == nil {
		return texts
	}
	for _, name := range child.js.Keys() {
		if child.given(name) {
			texts[name] = child.secret(name)
		}
	}
	return texts
}

func asNumber(value sobek.Value) (float64, bool) {
	switch number := value.Export().(type) {
	case int64:
		return float64(number), true
	case float64:
		return number, !math.IsNaN(number) && !math.IsInf(number, 0)
	}
	return 0, false
}

func isObject(value sobek.Value) bool {
	object, ok := value.(*sobek.Object)
	if !ok {
		return false
	}
	_, callable := sobek.AssertFunction(object)
	return !callable && object.ClassName() != "Array"
}

// show prints a value for an error, bounded.
func show(value sobek.Value) string {
	if common.IsNullish(value) || isCompound(value) {
		return kindOf(value)
	}
	text, ok := value.Export().(string)
	if !ok {
		return value.String()
	}
	const most = 40
	if points := []rune(text); len(points) > most {
		return strconv.Quote(string(points[:most])) + "…"
	}
	return strconv.Quote(text)
}

func isCompound(value sobek.Value) bool {
	_, ok := value.(*sobek.Object)
	return ok
}

func kindOf(value sobek.Value) string {
	switch {
	case value == nil || sobek.IsUndefined(value):
		return "undefined"
	case sobek.IsNull(value):
		return "null"
	case isObject(value):
		return "an object"
	case isCompound(value):
		if value.ToObject(nil).ClassName() == "Array" {
			return "an array"
		}
		return "a function"
	}
	switch value.Export().(type) {
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case int64, float64:
		return "a number"
	}
	return "another type"
}

func joined(name, key string) string {
	if name == "" {
		return key
	}
	return name + "." + key
}

func plain(number float64) string { return strconv.FormatFloat(number, 'f', -1, 64) }
