package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// sent is what the server wrote: two chunks between an opening and an ending of one event.
func sent(id string) *streamLog {
	return &streamLog{ID: id, Asked: 1_000_000, Stamps: []int64{5_000_000, 9_000_000}, Chunks: 2, Events: 4}
}

// got is the same at the client, which was 10 µs early with its request and read 30 and 50 µs late.
func got(id string) *streamLog {
	return &streamLog{ID: id, Asked: 990_000, Stamps: []int64{5_030_000, 9_050_000}, Chunks: 2, Events: 4}
}

func TestErrorsAreClientMinusServer(t *testing.T) {
	found := compare([]*streamLog{sent("a")}, []*streamLog{got("a")})
	require.Equal(t, []float64{30, 50}, found.arrival)
	require.Equal(t, []float64{40}, found.ttft)
	require.Zero(t, found.lost)
}

func TestStreamsArePairedByID(t *testing.T) {
	other := got("b")
	other.Stamps = []int64{4_999_000, 9_000_000}
	found := compare([]*streamLog{sent("a"), sent("b")}, []*streamLog{other, got("a")})
	require.Equal(t, []float64{30, 50, -1, 0}, found.arrival)
	require.Equal(t, []float64{40, 9}, found.ttft)
}

func TestLost(t *testing.T) {
	changed := func(change func(*streamLog)) []*streamLog {
		log := got("a")
		change(log)
		return []*streamLog{log}
	}
	for name, row := range map[string]struct {
		client []*streamLog
		lost   int
	}{
		"none":                    {changed(func(*streamLog) {}), 0},
		"the whole stream":        {nil, 4},
		"one chunk":               {changed(func(l *streamLog) { l.Chunks, l.Events = 1, 3 }), 1},
		"a chunk counted twice":   {changed(func(l *streamLog) { l.Chunks, l.Events = 3, 5 }), 1},
		"an event that is none":   {changed(func(l *streamLog) { l.Events = 3 }), 1},
		"a chunk taken for other": {changed(func(l *streamLog) { l.Chunks = 1 }), 2},
		"the stream told twice":   {[]*streamLog{got("a"), got("a")}, 4},
		"a stream nobody sent":    {[]*streamLog{got("a"), got("b")}, 4},
		"another stream":          {[]*streamLog{got("b")}, 8},
	} {
		found := compare([]*streamLog{sent("a")}, row.client)
		require.Equal(t, row.lost, found.lost, name)
	}
}

func TestWhatWasLostCannotBeCompared(t *testing.T) {
	short := got("a")
	short.Chunks, short.Events, short.Stamps = 1, 3, short.Stamps[:1]
	found := compare([]*streamLog{sent("a")}, []*streamLog{short})
	require.Empty(t, found.arrival)
	require.Empty(t, found.ttft)
}

func TestAClientWithoutStampsHasNoErrors(t *testing.T) {
	silent := &streamLog{ID: "a", Chunks: 2, Events: 4}
	require.Equal(t, comparison{}, compare([]*streamLog{sent("a")}, []*streamLog{silent}))
}

func TestTheFirstStampAloneGivesTTFT(t *testing.T) {
	unpaced := got("a")
	unpaced.Stamps = unpaced.Stamps[:1]
	found := compare([]*streamLog{sent("a")}, []*streamLog{unpaced})
	require.Equal(t, []float64{40}, found.ttft)
	require.Empty(t, found.arrival)
}

func TestRateIsThatOfAllStreamsTogether(t *testing.T) {
	fifty := &streamLog{Stamps: []int64{0, 20e6, 40e6}}
	hundred := &streamLog{Stamps: []int64{7e6, 17e6}}
	none := &streamLog{Stamps: []int64{7e6}}
	require.InDelta(t, 150, rate([]*streamLog{fifty, hundred, none}), 1e-9)
}

func TestSpanIsFromFirstWriteToLastEnd(t *testing.T) {
	server := []*streamLog{{Stamps: []int64{3e9, 9e9}}, {Stamps: []int64{2e9}}, {}}
	client := []*streamLog{{Over: 4e9}, {Over: 12e9}}
	require.InDelta(t, 10, span(server, client), 1e-9)
}
