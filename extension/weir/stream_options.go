package weir

import (
	"time"

	"github.com/grafana/sobek"

	"github.com/k6-weir/xk6-weir/internal/collect"
)

// maxTextBytes bounds what a script may ask for with collectText.
const maxTextBytes = 16 << 20

// extraKeys are those members of StreamOptions that readExtras reads.
var extraKeys = []string{"keep", "collectText", "cancelAfter", "onEvents"}

// extras is what a script may ask of any stream beyond its observation.
type extras struct {
	collect.Options
	// cancelAfter the request was sent; 0: never.
	cancelAfter time.Duration
	// onEvents is nil when the script wants no events. It belongs to the event loop.
	onEvents sobek.Callable
}

func readExtras(given object) extras {
	e := extras{onEvents: given.optionalFunction("onEvents")}
	if given.given("keep") {
		e.Keep = map[string]collect.Keep{
			"control": collect.KeepControl, "all": collect.KeepAll, "none": collect.KeepNone,
		}[given.choice("keep", "control", "all", "none")]
	}
	e.TextBytes = readCollectText(given)
	e.CancelEvents, e.cancelAfter = readCancelAfter(given)
	return e
}

func readCancelAfter(given object) (events int, after time.Duration) {
	if !given.given("cancelAfter") {
		return 0, 0
	}
	limits := given.child("cancelAfter", "events", "ms")
	if limits.given("events") {
		limits.number("events", 1, 1<<31)
		events = int(limits.whole("events"))
	}
	if limits.given("ms") {
		after = milliseconds(limits.number("ms", 1, maxTimeoutMs))
	}
	if events == 0 && after == 0 {
		given.fail("cancelAfter", "hold events or ms", given.get("cancelAfter"))
	}
	return events, after
}

func readCollectText(given object) int {
	if !given.given("collectText") {
		return 0
	}
	if flag, ok := given.get("collectText").Export().(bool); ok {
		if flag {
			return collect.DefaultTextBytes
		}
		return 0
	}
	return int(given.number("collectText", 1, maxTextBytes))
}

func (o object) optionalFunction(key string) sobek.Callable {
	if !o.given(key) {
		return nil
	}
	call, ok := sobek.AssertFunction(o.get(key))
	if !ok {
		o.fail(o.field(key), "be a function", o.get(key))
	}
	return call
}
