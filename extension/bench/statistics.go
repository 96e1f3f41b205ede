package main

import (
	"math"
	"slices"
)

// median of the middle two, if there are two. NaN of nothing.
func median(values []float64) float64 { return quantile(values, 0.5) }

// quantile interpolates between the closest ranks, as k6 does. NaN of nothing.
func quantile(values []float64, fraction float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := fraction * float64(len(sorted)-1)
	below, above := sorted[int(math.Floor(rank))], sorted[int(math.Ceil(rank))]
	return below + (above-below)*(rank-math.Floor(rank))
}

// medianOf one figure over all rounds.
func medianOf[Round any](rounds []Round, figure func(Round) float64) float64 {
	values := make([]float64, len(rounds))
	for i, round := range rounds {
		values[i] = figure(round)
	}
	return median(values)
}
