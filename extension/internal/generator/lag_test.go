package generator

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that passes when it is told to.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func (c *clock) pass(ms float64) { c.at = c.at.Add(time.Duration(ms * float64(time.Millisecond))) }

func newTestLag() (*clock, *Lag) {
	c := &clock{time.Unix(1_700_000_000, 0)}
	return c, newLag(c.now)
}

func requireWorst(t *testing.T, want float64, w *LagWatcher) {
	t.Helper()
	got, ok := w.Worst()
	require.True(t, ok)
	require.Equal(t, time.Duration(want*float64(time.Millisecond)), got)
}

func TestLagIsUnknownBeforeTheTickerRan(t *testing.T) {
	c, l := newTestLag()
	w := l.Watcher()
	_, ok := w.Worst()
	require.False(t, ok, "not started")
	l.start()
	c.pass(9)
	_, ok = w.Worst()
	require.False(t, ok, "no tick was due")
}

func TestWorstLagSinceTheLastLook(t *testing.T) {
	c, l := newTestLag()
	w := l.Watcher()
	l.start()
	for _, ms := range []float64{10, 10.5, 35, 12} {
		c.pass(ms)
		l.tick()
	}
	requireWorst(t, 25, w)
	c.pass(10.25)
	l.tick()
	requireWorst(t, 0.25, w)
	requireWorst(t, 0.25, w) // no tick since: the last one again
}

func TestAnOverdueTickCountsBeforeItComes(t *testing.T) {
	c, l := newTestLag()
	w := l.Watcher()
	l.start()
	c.pass(510)
	requireWorst(t, 500, w)
	c.pass(100)
	l.tick()
	requireWorst(t, 600, w)
	c.pass(10)
	l.tick()
	requireWorst(t, 0, w)
}

func TestWatchersDoNotTakeEachOthersWorst(t *testing.T) {
	c, l := newTestLag()
	one, other := l.Watcher(), l.Watcher()
	l.start()
	c.pass(30)
	l.tick()
	requireWorst(t, 20, one)
	c.pass(10)
	l.tick()
	requireWorst(t, 0, one)
	requireWorst(t, 20, other)
}

func TestATimerThatIsEarlyHasNoLag(t *testing.T) {
	c, l := newTestLag()
	w := l.Watcher()
	l.start()
	c.pass(9.5)
	l.tick()
	requireWorst(t, 0, w)
}

func TestAfterAPauseNothingOldIsTold(t *testing.T) {
	c, l := newTestLag()
	w := l.Watcher()
	l.start()
	c.pass(30)
	l.tick()
	requireWorst(t, 20, w)
	l.pause()
	c.pass(60_000)
	_, ok := w.Worst()
	require.False(t, ok, "nothing is measured in a pause")
	l.start()
	_, ok = w.Worst()
	require.False(t, ok, "no tick yet")
	c.pass(11)
	l.tick()
	requireWorst(t, 1, w)
}

func BenchmarkTick(b *testing.B) {
	l := newLag(time.Now)
	l.Watcher()
	l.Watcher()
	for b.Loop() {
		l.tick()
	}
}
