package weir

import (
	"encoding/json"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.k6.io/k6/v2/lib"
	"go.k6.io/k6/v2/metrics"

	"github.com/k6-weir/xk6-weir/internal/generator"
	"github.com/k6-weir/xk6-weir/internal/samples"
)

// withGaps is the observation of another driver, whose only gaps are those of its histogram.
const withGaps = `{ ...` + observation + `, gaps: { count: 3, sum: 600, min: 100, max: 350, p50: 150, p90: 310,
	p99: 346, stalls: 1, histogram: [[582, 1], [602, 1], [645, 1]] } }`

func TestGapHistogram(t *testing.T) {
	v := newVU(t, startServer(t))
	v.async(`
		if (weir.gapHistogram() !== undefined) throw new Error('no gap yet');
		weir.emit(await weir.httpStream(request({ identity: { ...identity(), warmup: true } })), completed);
		if (weir.gapHistogram() !== undefined) throw new Error('warm-up does not count');`, nil)
	var seen struct{ Count, Before int }
	v.async(`
		const h = await weir.httpStream(request());
		const before = weir.gapHistogram();
		weir.emit(h, { outcome: 'server-error', family: 'server' });
		return { count: weir.gapHistogram().count, before: before === undefined ? 0 : before.count };`, &seen)
	require.Equal(t, 2, seen.Count, "of all streams, not the completed ones only")
	require.Zero(t, seen.Before, "not before emit")

	var all gapSummary
	v.async(`weir.emit(`+withGaps+`, completed); return weir.gapHistogram();`, &all)
	require.Equal(t, 5, all.Count)
	require.InDelta(t, 350, all.Max, 0)
	require.InEpsilon(t, 350, all.P999, 0.011)
	require.Less(t, all.Min, 100.0)
	total := 0
	for i, entry := range all.Histogram {
		total += entry[1]
		require.True(t, i == 0 || entry[0] > all.Histogram[i-1][0])
	}
	require.Equal(t, 5, total)
	require.Equal(t, [2]int{645, 1}, all.Histogram[len(all.Histogram)-1])
}

// handleSummary runs in a VU of its own, outside any iteration.
func TestGapHistogramIsTheProcesss(t *testing.T) {
	v := newVU(t, "")
	v.async(`weir.emit(`+withGaps+`, completed);`, nil)
	other := newInitVU(t, t.TempDir())
	other.module.root = v.root
	value, err := other.RunOnEventLoop(`JSON.stringify(weir.gapHistogram())`)
	require.NoError(t, err)
	var all gapSummary
	require.NoError(t, json.Unmarshal([]byte(value.String()), &all))
	require.Equal(t, [][2]int{{582, 1}, {602, 1}, {645, 1}}, all.Histogram)
	require.Equal(t, []float64{3, 100, 350}, []float64{float64(all.Count), all.Min, all.Max})
	for exact, got := range map[float64]float64{150: all.P50, 310: all.P90, 330: all.P95, 346: all.P99, 349.6: all.P999} {
		require.InEpsilon(t, exact, got, 0.01)
	}
}

func TestEachGapIsASampleWhenAskedFor(t *testing.T) {
	v := newVU(t, startServer(t))
	v.async(`weir.emit(await weir.httpStream(request()), completed);`, nil)
	require.NotContains(t, v.taken(), samples.ChunkGap)

	v.module.allGaps = true
	v.async(`weir.emit(await weir.httpStream(request()), completed);
		weir.emit(await weir.httpStream(request({ identity: { ...identity(), warmup: true } })), completed);
		weir.emit(`+withGaps+`, completed);`, nil)
	batches := metrics.GetBufferedSamples(v.samples)
	byMetric := map[string][]metrics.Sample{}
	slices := 0
	for _, batch := range batches {
		found := false
		for _, sample := range batch.GetSamples() {
			byMetric[sample.Metric.Name] = append(byMetric[sample.Metric.Name], sample)
			found = found || sample.Metric.Name == samples.ChunkGap
		}
		if found {
			slices++
		}
	}
	gaps := byMetric[samples.ChunkGap]
	require.Len(t, gaps, 2, "not of warm-up, and no driver but this one has them")
	require.Equal(t, 1, slices, "all in the slice of their stream")
	values := []float64{gaps[0].Value, gaps[1].Value}
	require.True(t, sort.Float64sAreSorted(values))
	require.InDelta(t, values[1], byMetric["stream_max_gap"][0].Value, 0.001)
	require.Equal(t, "completed", gaps[0].Tags.Map()["outcome"])
}

func TestAllGapsAreAVariableOfTheScript(t *testing.T) {
	for value, want := range map[string]bool{"all": true, "": false, "none": false} {
		v := newInitVU(t, "")
		v.VU.InitEnvField.RuntimeOptions.Env = map[string]string{"WEIR_GAPS": value}
		m, ok := New().NewModuleInstance(v.VU).(*module)
		require.True(t, ok)
		require.Equal(t, want, m.allGaps, value)
	}
}

// lagging makes the ticker's numbers known without waiting for a tick.
func (v *vu) lagging() {
	require.Eventually(v.t, func() bool {
		_, known := v.root.lag.Worst()
		return known
	}, 10*time.Second, time.Millisecond)
}

func TestTheProcessIsSampledBesideTheStream(t *testing.T) {
	v := newVU(t, startServer(t))
	v.root.cpu = generator.NewCPU(0)
	v.async(`await weir.httpStream(request());`, nil)
	v.lagging()
	v.async(`weir.emit(await weir.httpStream(request()), completed);`, nil)
	taken := v.taken()
	for _, metric := range []string{samples.GeneratorLag, samples.GeneratorCPU, samples.StreamsOpen} {
		require.Len(t, taken[metric], 1, metric)
		require.Equal(t, map[string]string{"scenario": "s1", "step": "s1"}, taken[metric][0].Tags.Map(),
			"neither outcome nor account is the process's")
	}
	require.GreaterOrEqual(t, taken[samples.GeneratorLag][0].Value, 0.0)
	require.LessOrEqual(t, taken[samples.GeneratorCPU][0].Value, 1.0)
	require.Zero(t, taken[samples.StreamsOpen][0].Value)
}

func TestCPUIsSampledOnceASecond(t *testing.T) {
	v := newVU(t, startServer(t))
	v.root.cpu = generator.NewCPU(time.Hour)
	v.async(`for (let i = 0; i < 3; i++) weir.emit(await weir.httpStream(request()), completed);`, nil)
	taken := v.taken()
	require.Len(t, taken["streams"], 3)
	require.NotContains(t, taken, samples.GeneratorCPU)
}

func TestWarmUpHasNoSamplesOfTheProcess(t *testing.T) {
	v := newVU(t, startServer(t))
	v.async(`await weir.httpStream(request());`, nil)
	v.lagging()
	v.async(`weir.emit(await weir.httpStream(request({ identity: { ...identity(), warmup: true } })), completed);`, nil)
	for _, metric := range []string{samples.GeneratorLag, samples.GeneratorCPU, samples.StreamsOpen} {
		require.NotContains(t, v.taken(), metric)
	}
}

func TestOpenStreams(t *testing.T) {
	v := newVU(t, startServer(t))
	v.async(`weir.emit(`+observation+`, completed);`, nil)
	require.NotContains(t, v.taken(), samples.StreamsOpen, "those of other drivers are not seen")
	require.EqualValues(t, 1, v.root.generator.Started())

	v.async(`
		const other = weir.httpStream(`+slowURL[:len(slowURL)-2]+`, timeouts: { ...timeouts, idleMs: 300 } }));
		weir.emit(await weir.httpStream(request()), completed);
		weir.emit(await other, { outcome: 'timeout-idle', family: 'timeout' });`, nil)
	open := v.taken()[samples.StreamsOpen]
	require.Len(t, open, 2)
	require.InDelta(t, 1, open[0].Value, 0)
	require.InDelta(t, 0, open[1].Value, 0)
	require.EqualValues(t, 3, v.root.generator.Started())
}

func TestStreamsThatAreCutAreClosed(t *testing.T) {
	v := newVU(t, startServer(t))
	v.cut(soon, `await Promise.all([weir.httpStream(`+slowURL+`), weir.httpStream(`+slowURL+`)]);`)
	open, known := v.root.generator.Open()
	require.True(t, known)
	require.Zero(t, open)
}

func TestTheFirstStreamAnchorsThePlan(t *testing.T) {
	v := newVU(t, startServer(t))
	began := time.Unix(1_700_000_000, 0)
	v.VU.CtxField = lib.WithScenarioState(v.VU.CtxField, &lib.ScenarioState{Name: "s1", StartTime: began})
	v.async(`await weir.httpStream(request());`, nil)
	require.Equal(t, &generator.Scenario{Name: "s1", Started: began}, v.root.generator.Scenario())
}
