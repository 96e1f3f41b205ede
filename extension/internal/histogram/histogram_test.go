package histogram

import (
	"math"
	"math/rand/v2"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/k6-weir/xk6-weir/internal/record"
)

var fractions = []float64{0, 0.001, 0.5, 0.9, 0.95, 0.99, 0.999, 1}

// exact is what k6's Trend says.
func exact(sorted []float64, fraction float64) float64 {
	rank := fraction * float64(len(sorted)-1)
	below, above := sorted[int(math.Floor(rank))], sorted[int(math.Ceil(rank))]
	return below + (above-below)*(rank-math.Floor(rank))
}

func TestQuantilesAreWithinOnePercent(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for name, draw := range map[string]func() float64{
		"exponential, as tokens come": func() float64 { return random.ExpFloat64() * 20 },
		"log-normal, long tail":       func() float64 { return math.Exp(random.NormFloat64()*2 + 3) },
		"two humps far apart": func() float64 {
			return []float64{0.05, 3000}[random.IntN(2)] * (1 + random.Float64()/10)
		},
		"one value": func() float64 { return 41.7 },
		"hours":     func() float64 { return 3.6e6 * (1 + random.Float64()) },
	} {
		for _, n := range []int{1, 2, 3, 10, 999, 20_000} {
			log := &Log{}
			values := make([]float64, n)
			for i := range values {
				values[i] = record.Round(draw())
				log.Add(values[i])
			}
			sort.Float64s(values)
			require.Equal(t, n, log.Count())
			require.InDelta(t, values[0], log.Min(), 0)
			require.InDelta(t, values[n-1], log.Max(), 0)
			for i, value := range log.Quantiles(fractions...) {
				want := exact(values, fractions[i])
				require.InDelta(t, want, value, want*0.01+0.001, "%s, %d values, p%g", name, n, fractions[i]*100)
			}
		}
	}
}

func TestAnEmptyOneHasNoQuantiles(t *testing.T) {
	log := &Log{}
	require.Zero(t, log.Count())
	require.Empty(t, log.Buckets())
	require.True(t, math.IsNaN(log.Quantiles(0.5)[0]))
	log.Add(5)
	log.Reset()
	require.Equal(t, &Log{}, log)
}

// Adding the histograms of streams is the same as adding their gaps one by one.
func TestMergeIsExact(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	one, merged := &Log{}, &Log{}
	for range 200 {
		arrivals, at := &record.Arrivals{}, 0.0
		for range 2 + random.IntN(100) {
			arrivals.Add(at)
			at += record.Round(random.ExpFloat64() * 30)
		}
		gaps := arrivals.Gaps(2000)
		merged.Merge(gaps)
		for _, gap := range gaps.Values() {
			one.Add(gap)
		}
	}
	require.Equal(t, one.Buckets(), merged.Buckets())
	require.Equal(t, one.Count(), merged.Count())
	require.InDelta(t, one.Min(), merged.Min(), 0.001)
	require.InDelta(t, one.Max(), merged.Max(), 0.001)
	require.InDeltaSlice(t, one.Quantiles(fractions...), merged.Quantiles(fractions...), 0.001)
}

func TestFramesOfOneReadHaveAGapOfZero(t *testing.T) {
	log := &Log{}
	log.Merge(&record.Gaps{Count: 3, Histogram: [][2]int{{0, 3}}})
	require.Equal(t, []float64{0, 0}, log.Quantiles(0, 1))
	require.Zero(t, log.Max())
}

// A record of another driver is only data.
func TestNoRecordBreaksIt(t *testing.T) {
	log := &Log{}
	log.Merge(&record.Gaps{Min: 1, Max: 2})
	require.Zero(t, log.Count())
	require.Zero(t, log.Max())
	log.Merge(&record.Gaps{Min: 5, Max: 9, Histogram: [][2]int{
		{-7, 1}, {math.MaxInt, 2}, {math.MinInt, 1}, {3, -1}, {4, 0},
	}})
	require.Equal(t, [][2]int{{0, 2}, {buckets - 1, 2}}, log.Buckets())
	require.Equal(t, []float64{5, 9}, log.Quantiles(0, 1))
	log.Add(-1)
	require.Equal(t, 5, log.Count())
}

func BenchmarkMerge(b *testing.B) {
	arrivals, at := &record.Arrivals{}, 0.0
	random := rand.New(rand.NewPCG(5, 6))
	for range 500 {
		arrivals.Add(at)
		at += random.ExpFloat64() * 30
	}
	gaps, log := arrivals.Gaps(2000), &Log{}
	for b.Loop() {
		log.Merge(gaps)
	}
}
