package live

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.k6.io/k6/v2/lib"
	"go.k6.io/k6/v2/output"
)

func options(t *testing.T, scenarios string) (o lib.Options) {
	require.NoError(t, json.Unmarshal([]byte(`{"scenarios":`+scenarios+`}`), &o))
	return o
}

const arrivals = `{
	"one": { "executor": "constant-arrival-rate", "rate": 30, "timeUnit": "1m", "duration": "10s",
		"preAllocatedVUs": 1 },
	"two": { "executor": "ramping-arrival-rate", "startTime": "20s", "startRate": 10, "preAllocatedVUs": 1,
		"stages": [{ "duration": "10s", "target": 20 }, { "duration": "0s", "target": 50 }, { "duration": "5s", "target": 50 }] },
	"loop": { "executor": "constant-vus", "startTime": "3s", "vus": 1, "duration": "1s" }
}`

func TestOfferedRate(t *testing.T) {
	p := newPlan(options(t, arrivals))
	start := time.Unix(1_700_000_000, 0)
	for _, row := range []struct{ from, to, want float64 }{
		{0, 1, 0.5},
		{-1, 1, 0.25}, // half of it before the start
		{9.5, 10.5, 0.25},
		{15, 16, 0},
		{20, 21, 10.5},
		{29, 30, 19.5},
		{29, 31, (19.5 + 50) / 2},
		{34, 35, 50},
		{40, 41, 0},
		{0, 35, (5 + 150 + 250) / 35.0},
	} {
		at := func(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }
		// Whichever scenario is the anchor, the plan lies the same in time.
		for scenario, began := range map[string]float64{"one": 0, "two": 20, "loop": 3} {
			got := p.offered(scenario, at(began), at(row.from), at(row.to))
			require.NotNil(t, got)
			require.InDelta(t, row.want, *got, 1e-6, "%v by %s", row, scenario)
		}
	}
}

func TestNoOfferedRate(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	loop := newPlan(options(t, `{"loop":{"executor":"constant-vus","vus":1,"duration":"1s"}}`))
	require.Nil(t, loop.offered("loop", now, now, now.Add(1)), "no arrival rate")
	p := newPlan(options(t, arrivals))
	require.Nil(t, p.offered("other", now, now, now.Add(1)), "unknown scenario")
	require.Nil(t, p.offered("one", now, now, now), "no time")
	none := newPlan(lib.Options{})
	require.Nil(t, none.offered("default", now, now, now.Add(1)))
}

func TestAnInstanceOffersItsShare(t *testing.T) {
	o := options(t, arrivals)
	segment, err := lib.NewExecutionSegmentFromString("0:1/4")
	require.NoError(t, err)
	o.ExecutionSegment = segment
	p := newPlan(o)
	now := time.Unix(1_700_000_000, 0)
	require.InDelta(t, 12.5, *p.offered("two", now, now.Add(11*time.Second), now.Add(12*time.Second)), 1e-9)
}

func TestTheLineHasIt(t *testing.T) {
	b := newBench(t, func(p *output.Params) { p.ScriptOptions = options(t, arrivals) }).open()
	require.Nil(t, b.second().Offered, "no stream yet: nobody knows when the scenarios began")
	b.generator.Began("one", b.at)
	require.InDelta(t, 0.5, *b.second().Offered, 1e-9)
}
