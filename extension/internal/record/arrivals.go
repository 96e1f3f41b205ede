package record

import (
	"math"
	"sort"
)

// maxArrivals bounds the memory of one stream to 8 MiB. Gap statistics and timeline of a longer
// stream are those of its first 1,048,576 content frames; counts and marks go on.
const maxArrivals = 1 << 20

// Arrivals are the times of content frames, ms, ascending. Frames of one read share theirs.
type Arrivals struct {
	at []float64
}

// Add the next arrival.
func (a *Arrivals) Add(at float64) {
	if len(a.at) < maxArrivals {
		a.at = append(a.at, at)
	}
}

// Gaps between arrivals of content frames, ms.
type Gaps struct {
	Count int     `json:"count"`
	Sum   float64 `json:"sum"`
	Min   float64 `json:"min"`
	Max   float64 `json:"max"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	// Stalls are gaps longer than stallMs.
	Stalls int `json:"stalls"`
	// Histogram is sparse: bucket and count, ascending.
	Histogram [][2]int `json:"histogram"`

	values []float64
}

// Values are all of the gaps, ms, ascending. Only a stream that this process measured has them: no
// record holds them.
func (g *Gaps) Values() []float64 { return g.values }

// Gaps is nil with fewer than two arrivals.
func (a *Arrivals) Gaps(stallMs float64) *Gaps {
	if len(a.at) < 2 {
		return nil
	}
	gaps := make([]float64, len(a.at)-1)
	result := &Gaps{Count: len(gaps), values: gaps}
	sum := 0.0
	for i := range gaps {
		gaps[i] = a.at[i+1] - a.at[i]
		sum += gaps[i]
		if gaps[i] > stallMs {
			result.Stalls++
		}
	}
	sort.Float64s(gaps)
	result.Sum = Round(sum)
	result.Min = Round(gaps[0])
	result.Max = Round(gaps[len(gaps)-1])
	result.P50 = Round(percentile(gaps, 0.5))
	result.P90 = Round(percentile(gaps, 0.9))
	result.P99 = Round(percentile(gaps, 0.99))
	for _, gap := range gaps {
		bucket := Bucket(gap)
		if last := len(result.Histogram) - 1; last >= 0 && result.Histogram[last][0] == bucket {
			result.Histogram[last][1]++
		} else {
			result.Histogram = append(result.Histogram, [2]int{bucket, 1})
		}
	}
	return result
}

// percentile of sorted values: linear interpolation between closest ranks, as k6's Trend does.
func percentile(sorted []float64, fraction float64) float64 {
	rank := fraction * float64(len(sorted)-1)
	below := sorted[int(math.Floor(rank))]
	above := sorted[int(math.Ceil(rank))]
	return below + (above-below)*(rank-math.Floor(rank))
}

// Growth of the buckets: the geometric middle of one is within 1 % of all it holds.
const gamma = 1.02

// Bucket i holds gaps in (γ^(i−1), γ^i] µs; bucket 0 all of at most 1 µs, as frames of one read have.
func Bucket(gapMs float64) int {
	us := gapMs * 1000
	if us <= 1 {
		return 0
	}
	return int(math.Ceil(math.Log(us) / math.Log(gamma)))
}

// Middle of a bucket, ms: within 1 % of all it holds. Bucket 0 counts as no gap at all.
func Middle(bucket int) float64 {
	if bucket <= 0 {
		return 0
	}
	return math.Pow(gamma, float64(bucket)-0.5) / 1000
}

const maxTimeline = 512

// Timeline is at most 512 arrivals, evenly chosen, the first and the last among them.
func (a *Arrivals) Timeline() []float64 {
	points := min(len(a.at), maxTimeline)
	line := make([]float64, points)
	for i := range line {
		at := i
		if points < len(a.at) {
			at = int(math.Round(float64(i) * float64(len(a.at)-1) / float64(points-1)))
		}
		line[i] = Round(a.at[at])
	}
	return line
}

// Round to microseconds: what lies below is noise of the scheduler and only makes lines longer.
func Round(ms float64) float64 { return math.Round(ms*1000) / 1000 }
