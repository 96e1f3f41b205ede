package weir

import (
	"reflect"
	"strings"

	"github.com/grafana/sobek"

	"github.com/k6-weir/xk6-weir/internal/collect"
	"github.com/k6-weir/xk6-weir/internal/exchange"
	"github.com/k6-weir/xk6-weir/internal/record"
)

// handle is a StreamHandle: a finished stream whose properties become JavaScript values when they
// are looked at, and not before. It is read-only; a property that is absent is undefined.
type handle struct {
	rt      *sobek.Runtime
	js      *sobek.Object
	seen    *record.Observation
	emitted bool
	values  map[string]sobek.Value
	headers map[string]string
	body    *string
	kept    collect.Kept
}

func newHandle(rt *sobek.Runtime, result *exchange.Result) *handle {
	h := &handle{rt: rt, seen: &result.Seen, body: result.Refusal, kept: result.Kept, headers: map[string]string{}}
	if result.Response != nil {
		for name, values := range result.Response.Header {
			h.headers[strings.ToLower(name)] = strings.Join(values, ", ")
		}
	}
	h.values = map[string]sobek.Value{}
	h.js = rt.NewDynamicObject(h)
	return h
}

// Get implements sobek.DynamicObject: nil for what is absent.
func (h *handle) Get(key string) sobek.Value {
	if value, ok := h.values[key]; ok {
		return value
	}
	value := h.read(key)
	h.values[key] = value
	return value
}

func (h *handle) read(key string) sobek.Value {
	switch key {
	case "headers":
		return toJS(h.rt, reflect.ValueOf(h.headers))
	case "body":
		if h.body == nil {
			return nil
		}
		return h.rt.ToValue(*h.body)
	case "frames":
		return framesToJS(h.rt, h.kept.Frames)
	case "framesDropped":
		return h.rt.ToValue(h.kept.Dropped)
	case "text":
		if h.kept.Text == nil {
			return nil
		}
		return h.rt.ToValue(*h.kept.Text)
	}
	var value sobek.Value
	eachMember(reflect.ValueOf(h.seen).Elem(), func(name string, member reflect.Value) {
		if name == key {
			value = toJS(h.rt, member)
		}
	})
	return value
}

// Has implements sobek.DynamicObject.
func (h *handle) Has(key string) bool { return h.Get(key) != nil }

// Keys implements sobek.DynamicObject.
func (h *handle) Keys() []string {
	var keys []string
	eachMember(reflect.ValueOf(h.seen).Elem(), func(name string, _ reflect.Value) {
		keys = append(keys, name)
	})
	keys = append(keys, "headers", "frames", "framesDropped")
	if h.body != nil {
		keys = append(keys, "body")
	}
	if h.kept.Text != nil {
		keys = append(keys, "text")
	}
	return keys
}

// Set implements sobek.DynamicObject: a TypeError in a module, ignored elsewhere.
func (h *handle) Set(string, sobek.Value) bool { return false }

// Delete implements sobek.DynamicObject.
func (h *handle) Delete(string) bool { return false }

// eachMember visits the members that the JSON of a struct would have, by the same tags: the JSON
// names are the contract, so they are written once.
func eachMember(value reflect.Value, visit func(name string, member reflect.Value)) {
	for i := range value.NumField() {
		field, member := value.Type().Field(i), value.Field(i)
		if field.Anonymous {
			eachMember(member, visit)
			continue
		}
		if !field.IsExported() {
			continue
		}
		name, option, _ := strings.Cut(field.Tag.Get("json"), ",")
		if option == "omitempty" && isEmpty(member) {
			continue
		}
		visit(name, member)
	}
}

// isEmpty as encoding/json means it.
func isEmpty(value reflect.Value) bool {
	switch value.Kind() {
	case reflect.Map, reflect.Slice, reflect.String:
		return value.Len() == 0
	default:
		return value.IsZero()
	}
}

// toJS makes plain objects and arrays: a wrapped Go value would show its nil pointers as null and
// its methods as properties.
func toJS(rt *sobek.Runtime, value reflect.Value) sobek.Value {
	switch value.Kind() {
	case reflect.Pointer:
		return toJS(rt, value.Elem())
	case reflect.Struct:
		object := rt.NewObject()
		eachMember(value, func(name string, member reflect.Value) {
			_ = object.Set(name, toJS(rt, member))
		})
		return object
	case reflect.Map:
		object := rt.NewObject()
		for entry := value.MapRange(); entry.Next(); {
			_ = object.Set(entry.Key().String(), toJS(rt, entry.Value()))
		}
		return object
	case reflect.Slice, reflect.Array:
		items := make([]any, value.Len())
		for i := range items {
			items[i] = toJS(rt, value.Index(i))
		}
		return rt.NewArray(items...)
	default:
		return rt.ToValue(value.Interface())
	}
}
