// Package histogram keeps any number of durations in 11 KiB, with quantiles within 1 %. A k6 Trend
// keeps every sample instead and sorts them again and again: the gaps of a long run would break it.
package histogram

import (
	"math"

	"github.com/k6-weir/xk6-weir/internal/record"
)

// Log has the buckets of a record's gaps (record.Bucket), so that those can be added as they are. The
// zero value is empty. It does no locking.
type Log struct {
	counts   [buckets]int
	count    int
	min, max float64
}

// The last bucket ends at 13 days. It takes what is longer, and what a foreign record claims to be.
const buckets = 1401

// Add one duration, ms.
func (l *Log) Add(ms float64) {
	l.within(ms, ms)
	l.put(record.Bucket(ms), 1)
}

// Merge the gaps of one stream. Their number is that of their histogram.
func (l *Log) Merge(gaps *record.Gaps) {
	before := l.count
	low, high := l.min, l.max
	l.within(gaps.Min, gaps.Max)
	for _, entry := range gaps.Histogram {
		if entry[1] > 0 {
			l.put(entry[0], entry[1])
		}
	}
	if l.count == before {
		l.min, l.max = low, high
	}
}

func (l *Log) within(low, high float64) {
	if l.count == 0 {
		l.min, l.max = low, high
		return
	}
	l.min, l.max = min(l.min, low), max(l.max, high)
}

func (l *Log) put(bucket, count int) {
	l.counts[max(0, min(bucket, buckets-1))] += count
	l.count += count
}

// Count of all durations, exact.
func (l *Log) Count() int { return l.count }

// Min and Max are exact, ms; 0 when empty.
func (l *Log) Min() float64 { return l.min }

// Max is the longest, ms.
func (l *Log) Max() float64 { return l.max }

// Reset empties it.
func (l *Log) Reset() { *l = Log{} }

// Quantiles are ms, each within 1 % of the exact one, or within a microsecond. Like k6's Trend they
// lie between the closest ranks. The fractions ascend, from 0 to 1. NaN when empty.
func (l *Log) Quantiles(fractions ...float64) []float64 {
	values := make([]float64, len(fractions))
	walk := walker{log: l}
	for i, fraction := range fractions {
		if l.count == 0 {
			values[i] = math.NaN()
			continue
		}
		rank := fraction * float64(l.count-1)
		below := walk.value(int(math.Floor(rank)))
		next := walk // the next fraction may still lie at the rank below
		above := next.value(int(math.Ceil(rank)))
		values[i] = record.Round(below + (above-below)*(rank-math.Floor(rank)))
	}
	return values
}

// walker goes through the ranks once, upwards.
type walker struct {
	log    *Log
	bucket int
	passed int // durations in the buckets before this one
}

func (w *walker) value(rank int) float64 {
	for w.passed+w.log.counts[w.bucket] <= rank {
		w.passed += w.log.counts[w.bucket]
		w.bucket++
	}
	return max(w.log.min, min(record.Middle(w.bucket), w.log.max))
}

// Buckets that are not empty, with their counts, ascending.
func (l *Log) Buckets() [][2]int {
	filled := [][2]int{}
	for bucket, count := range l.counts {
		if count > 0 {
			filled = append(filled, [2]int{bucket, count})
		}
	}
	return filled
}
