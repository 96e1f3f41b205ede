package generator

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const longEnough = 10 * time.Second

func requireTicks(t *testing.T, w *LagWatcher) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, known := w.Worst()
		return known
	}, longEnough, time.Millisecond)
}

func TestTheTickerRunsFromTheFirstStreamOn(t *testing.T) {
	for name, stream := range map[string]func(*Generator){
		"one of ours": (*Generator).Opened, "one of another driver": (*Generator).Passed,
	} {
		t.Run(name, func(t *testing.T) {
			g := New()
			w := g.Lag.Watcher()
			var all sync.WaitGroup
			for range 10 {
				all.Go(func() { stream(g) })
			}
			all.Wait()
			requireTicks(t, w)
			g.Stop()
			g.Stop()
		})
	}
}

func TestStopBeforeTheStart(t *testing.T) {
	g := New()
	g.Stop()
	g.Opened()
	_, known := g.Lag.Watcher().Worst()
	require.False(t, known)
}

func TestTheTickerPausesWithoutStreams(t *testing.T) {
	g := New()
	g.idleTicks = 3
	w := g.Lag.Watcher()
	for range 3 {
		g.Opened()
		requireTicks(t, w)
		require.Never(t, g.paused.Load, 100*time.Millisecond, 5*time.Millisecond, "a stream is open")
		g.Closed()
		require.Eventually(t, g.paused.Load, longEnough, time.Millisecond)
		_, known := w.Worst()
		require.False(t, known)
	}
	g.Stop()
}

// A stream that begins while the ticker makes up its mind must not be left without it.
func TestNoStreamIsMissedByAPause(t *testing.T) {
	g := New()
	g.idleTicks = 1
	w := g.Lag.Watcher()
	for range 50 {
		g.Opened()
		requireTicks(t, w)
		g.Closed()
		time.Sleep(interval)
	}
	g.Stop()
}

func TestStreamsAreCounted(t *testing.T) {
	g := New()
	defer g.Stop()
	_, known := g.Open()
	require.False(t, known)
	g.Passed()
	_, known = g.Open()
	require.False(t, known, "the streams of other drivers are not seen")
	g.Opened()
	g.Opened()
	g.Closed()
	open, known := g.Open()
	require.True(t, known)
	require.EqualValues(t, 1, open)
	require.EqualValues(t, 3, g.Started())
}

func TestTheFirstScenarioIsTheAnchor(t *testing.T) {
	g := New()
	require.Nil(t, g.Scenario())
	g.Began("one", time.Unix(5, 0))
	g.Began("other", time.Unix(6, 0))
	require.Equal(t, &Scenario{"one", time.Unix(5, 0)}, g.Scenario())
}

// What the ticker costs a process that does nothing else, in shares of one core.
func BenchmarkIdleTicker(b *testing.B) {
	g := New()
	g.Lag.Watcher()
	g.Opened()
	defer g.Stop()
	before, _ := processCPU()
	start := time.Now()
	for b.Loop() {
		time.Sleep(time.Second)
	}
	after, _ := processCPU()
	b.ReportMetric(float64(after-before)/float64(time.Since(start))*100, "%core")
}
