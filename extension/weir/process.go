package weir

import (
	"context"
	"reflect"
	"sync"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/lib"
	"go.k6.io/k6/v2/metrics"
	"go.k6.io/k6/v2/output"

	"github.com/k6-weir/xk6-weir/internal/histogram"
	"github.com/k6-weir/xk6-weir/internal/live"
	"github.com/k6-weir/xk6-weir/internal/record"
	"github.com/k6-weir/xk6-weir/internal/samples"
)

// opened counts a stream from the call that starts it; ctx is that of its iteration. Whoever calls it
// calls closed once when the stream has ended, whatever way, and before its callback: not in emit.
func (r *Root) opened(ctx context.Context) {
	r.cpu.Begin()
	r.generator.Opened()
	r.began(ctx)
}

func (r *Root) closed() { r.generator.Closed() }

// passed counts a stream of another driver, when it is emitted.
func (r *Root) passed(ctx context.Context) {
	r.cpu.Begin()
	r.generator.Passed()
	r.began(ctx)
}

func (r *Root) began(ctx context.Context) {
	if scenario := lib.GetScenarioState(ctx); scenario != nil {
		r.generator.Began(scenario.Name, scenario.StartTime)
	}
}

// Output is the constructor of the output `weir`.
func (r *Root) Output(params output.Params) (output.Output, error) {
	return live.New(params, r.generator)
}

// besides are the numbers of the process that go with a stream's own, warm-up excluded. They know
// neither outcome nor account, so they have the tags of the iteration and the step only.
func (r *Root) besides() (beside []samples.Sample) {
	add := func(metric string, value float64) {
		beside = append(beside, samples.Sample{Metric: metric, Value: value})
	}
	if worst, ok := r.lag.Worst(); ok {
		add(samples.GeneratorLag, metrics.D(worst))
	}
	if share, ok := r.cpu.Share(); ok {
		add(samples.GeneratorCPU, share)
	}
	if open, ok := r.generator.Open(); ok {
		add(samples.StreamsOpen, float64(open))
	}
	return beside
}

// gapTotals are the gaps of all emitted streams of the process, warm-up excluded.
type gapTotals struct {
	mu  sync.Mutex
	all histogram.Log
}

// add the gaps of one stream: one lock for all of them.
func (g *gapTotals) add(line *record.Record) {
	if line.Warmup || line.Gaps == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.all.Merge(line.Gaps)
}

// gapSummary is a GapHistogram, by its JSON names.
type gapSummary struct {
	Count     int      `json:"count"`
	Min       float64  `json:"min"`
	Max       float64  `json:"max"`
	P50       float64  `json:"p50"`
	P90       float64  `json:"p90"`
	P95       float64  `json:"p95"`
	P99       float64  `json:"p99"`
	P999      float64  `json:"p999"`
	Histogram [][2]int `json:"histogram"`
}

// summary is nil before the first gap.
func (g *gapTotals) summary() *gapSummary {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.all.Count() == 0 {
		return nil
	}
	at := g.all.Quantiles(0.5, 0.9, 0.95, 0.99, 0.999)
	return &gapSummary{
		Count: g.all.Count(), Min: g.all.Min(), Max: g.all.Max(),
		P50: at[0], P90: at[1], P95: at[2], P99: at[3], P999: at[4],
		Histogram: g.all.Buckets(),
	}
}

// gapHistogram is the function of that name in index.d.ts. It needs no iteration: handleSummary has
// a VU of its own, and the gaps are the process's.
func (m *module) gapHistogram() sobek.Value {
	summary := m.root.gaps.summary()
	if summary == nil {
		return sobek.Undefined()
	}
	return toJS(m.vu.Runtime(), reflect.ValueOf(summary))
}
