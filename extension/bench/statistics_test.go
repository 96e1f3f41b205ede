package main

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestQuantiles(t *testing.T) {
	values := []float64{40, 10, 30, 20}
	require.InDelta(t, 25, median(values), 1e-9)
	require.InDelta(t, 20, median(values[1:]), 1e-9)
	require.InDelta(t, 39.7, quantile(values, 0.99), 1e-9)
	require.InDelta(t, 7, quantile([]float64{7}, 0.99), 1e-9)
	require.True(t, math.IsNaN(median(nil)))
	require.Equal(t, []float64{40, 10, 30, 20}, values, "the input keeps its order")
}

func TestAbsolute(t *testing.T) {
	require.Equal(t, []float64{3, 0, 2}, absolute([]float64{-3, 0, 2}))
}

// Ratios are of the pairs: in the second round the machine was slow for both.
func TestRatioIsTheMedianOfThePairs(t *testing.T) {
	rounds := []round{
		{bare: {cpuUs: 10}, extension: {cpuUs: 11}},
		{bare: {cpuUs: 40}, extension: {cpuUs: 48}},
		{bare: {cpuUs: 12}, extension: {cpuUs: 18}},
	}
	require.InDelta(t, 1.2, ratio(rounds, extension, bare), 1e-9)
	require.InDelta(t, 18, of(rounds, extension, func(f figures) float64 { return f.cpuUs }), 1e-9)
}

func TestFiguresOfARun(t *testing.T) {
	l := load{protocol: sse, streams: 2, chunks: 2, interval: 4 * time.Millisecond}
	full := &run{
		cpu:    1100 * time.Microsecond,
		server: []*streamLog{sent("a"), sent("b")},
		client: []*streamLog{got("a"), got("b")},
		clock:  "kernel",
	}
	full.client[0].Over = 9_100_000
	found := figuresOf(full, 300*time.Microsecond, l)
	require.InDelta(t, 200, found.cpuUs, 1e-9, "800 µs over four chunks")
	require.InDelta(t, 40, found.arrivalUs, 1e-9)
	require.InDelta(t, 40, found.ttftP99Us, 1e-9)
	require.InDelta(t, 500, found.rate, 1e-9)
	require.InDelta(t, 4/4.1e-3, found.speed, 1e-6)
	require.Zero(t, found.lost)
	require.Equal(t, "kernel", found.clock)
}

func TestNumbersInJSON(t *testing.T) {
	text, err := json.Marshal([]number{1.00049, 2, number(math.NaN()), number(math.Inf(1))})
	require.NoError(t, err)
	require.JSONEq(t, `[1, 2, null, null]`, string(text))
}

// The names are read by others.
func TestTheDocument(t *testing.T) {
	rounds := []round{{bare: {cpuUs: 10}, extension: {cpuUs: 11, lost: 1}, stock: {cpuUs: 44, lost: 2}}}
	found := &results{
		SSE: pacedResultOf(sse, rounds), WS: pacedResultOf(ws, rounds),
		Memory:  &memoryResult{KBPerStream: 40, SSE: map[int]number{1000: 40}},
		Unpaced: unpacedResult{ws: speedResultOf(rounds)},
	}
	require.Equal(t, 1+1+2+1, found.lost())
	text, err := json.Marshal(found)
	require.NoError(t, err)
	var document map[string]map[string]any
	_ = json.Unmarshal(text, &document) // streams and its like are no objects
	require.InDelta(t, 1.1, document["sse"]["ratio"], 1e-9)
	require.NotContains(t, document["sse"], "stockRatio")
	require.InDelta(t, 4, document["ws"]["stockRatio"], 1e-9)
	for _, key := range []string{"cpuUsPerChunk", "bareCpuUsPerChunk", "arrivalErrorMedianUs", "ttftErrorP99Us", "lost"} {
		require.Contains(t, document["sse"], key)
		require.Contains(t, document["ws"], key)
	}
	require.InDelta(t, 40, document["memory"]["kbPerStream"], 1e-9)
}

func TestVmRSS(t *testing.T) {
	kb, err := vmRSS("Name:\tk6\nVmHWM:\t  99 kB\nVmRSS:\t  12345 kB\nRssAnon:\t 1 kB\n")
	require.NoError(t, err)
	require.InDelta(t, 12345, kb, 0)
	_, err = vmRSS("Name:\tk6\n")
	require.Error(t, err)
}
