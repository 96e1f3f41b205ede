package record

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func arrivals(at ...float64) *Arrivals { return &Arrivals{at: at} }

func TestGapsAreAbsentWithFewerThanTwoArrivals(t *testing.T) {
	require.Nil(t, arrivals().Gaps(2000))
	require.Nil(t, arrivals(5).Gaps(2000))
}

func TestGapsOfAKnownStream(t *testing.T) {
	// gaps 10, 20, 30, 40 ms and one of 2500
	gaps := arrivals(100, 110, 130, 160, 200, 2700).Gaps(2000)
	require.Equal(t, 5, gaps.Count)
	require.InDelta(t, 2600, gaps.Sum, 1e-9)
	require.InDelta(t, 10, gaps.Min, 1e-9)
	require.InDelta(t, 2500, gaps.Max, 1e-9)
	require.InDelta(t, 30, gaps.P50, 1e-9)
	require.InDelta(t, 1516, gaps.P90, 1e-9) // rank 3.6: 40 + 0.6 × 2460
	require.InDelta(t, 2401.6, gaps.P99, 1e-9)
	require.Equal(t, 1, gaps.Stalls)
	require.Equal(t, [][2]int{{466, 1}, {501, 1}, {521, 1}, {536, 1}, {744, 1}}, gaps.Histogram)
}

func TestAGapAsLongAsStallMsIsNoStall(t *testing.T) {
	require.Zero(t, arrivals(0, 2000).Gaps(2000).Stalls)
	require.Equal(t, 1, arrivals(0, 2000.001).Gaps(2000).Stalls)
}

func TestFramesOfOneReadHaveAGapOfZero(t *testing.T) {
	gaps := arrivals(7, 7, 7).Gaps(2000)
	require.Zero(t, gaps.Max)
	require.Equal(t, [][2]int{{0, 2}}, gaps.Histogram)
}

// Bucket i holds gaps in (γ^(i−1), γ^i] µs: its geometric middle is within 1 % of each of them.
func TestBucketsHoldTheirGapsWithinOnePercent(t *testing.T) {
	require.Equal(t, 0, Bucket(0))
	require.Equal(t, 0, Bucket(0.001))
	require.Equal(t, 1, Bucket(0.001001))
	for us := 1.5; us < 3.6e9; us *= 1.007 {
		bucket := Bucket(us / 1000)
		upper := math.Pow(gamma, float64(bucket))
		require.LessOrEqual(t, us, upper*(1+1e-9))
		require.Greater(t, us*(1+1e-9), upper/gamma)
		require.InEpsilon(t, us, upper/math.Sqrt(gamma), 0.01)
	}
}

func TestTimelineOfAShortStreamIsAllOfIt(t *testing.T) {
	require.Empty(t, arrivals().Timeline())
	require.Equal(t, []float64{1, 2.5, 4}, arrivals(1, 2.5, 4).Timeline())
}

func TestTimelineOfALongStreamIsEvenlyChosen(t *testing.T) {
	for _, n := range []int{512, 513, 1000, 100_000} {
		a := &Arrivals{}
		for i := range n {
			a.Add(float64(i))
		}
		line := a.Timeline()
		require.Len(t, line, 512)
		require.Zero(t, line[0])
		require.InDelta(t, n-1, line[511], 0)
		step := float64(n-1) / 511
		for i, at := range line {
			require.InDelta(t, float64(i)*step, at, 0.5)
			require.True(t, i == 0 || at > line[i-1])
		}
	}
}

func TestArrivalsAreBounded(t *testing.T) {
	a := &Arrivals{}
	for i := range maxArrivals + 10 {
		a.Add(float64(i))
	}
	require.Len(t, a.at, maxArrivals)
}
