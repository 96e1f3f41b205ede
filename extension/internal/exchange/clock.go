package exchange

import (
	"time"

	"github.com/k6-weir/xk6-weir/internal/record"
)

// clock turns points in time into marks. Only its zero is wall time: what lies between two marks is
// monotonic, so a step of the wall clock does not lengthen a stream.
type clock struct {
	started   time.Time // with the monotonic reading
	startedMs float64   // the same instant, ms after StartedAt
}

// startClock: startedAt is epoch ms, read by JavaScript shortly before.
func startClock(startedAt float64) clock {
	now := time.Now()
	return clock{now, float64(now.UnixMicro())/1000 - startedAt}
}

// ms is unrounded.
func (c clock) ms(at time.Time) float64 {
	return c.startedMs + float64(at.Sub(c.started))/float64(time.Millisecond)
}

// mark is nil for the zero time: it did not happen.
func (c clock) mark(at time.Time) *float64 {
	if at.IsZero() {
		return nil
	}
	ms := record.Round(c.ms(at))
	return &ms
}

// stepped tells a jump of the wall clock from the slow corrections of NTP (at most 0.5 ‰).
func (c clock) stepped(at time.Time) bool {
	monotonic := at.Sub(c.started)
	wall := at.Round(0).Sub(c.started.Round(0))
	return isStep(wall, monotonic)
}

func isStep(wall, monotonic time.Duration) bool {
	const tolerance = 50 * time.Millisecond
	return (wall - monotonic).Abs() > tolerance+monotonic.Abs()/1000
}
