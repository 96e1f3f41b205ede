package live

import (
	"go.k6.io/k6/v2/metrics"

	"github.com/k6-weir/xk6-weir/internal/histogram"
	"github.com/k6-weir/xk6-weir/internal/record"
)

// totals is what the samples have added up to. It does no locking.
type totals struct {
	iterations, dropped   int64
	vus                   *int64
	outcomes, families    counts
	accounts, steps       tallies
	ttftSecond, ttftSoFar histogram.Log
}

func newTotals() *totals {
	return &totals{outcomes: counts{}, families: counts{}, accounts: tallies{}, steps: tallies{}}
}

// add one sample. Most are none of ours: k6 has a dozen metrics of its own.
func (t *totals) add(sample *metrics.Sample) {
	switch sample.Metric.Name {
	case "stream_outcomes":
		t.stream(sample.Tags, int64(sample.Value))
	case "stream_ttft":
		t.ttftSecond.Add(sample.Value)
		t.ttftSoFar.Add(sample.Value)
	case metrics.IterationsName:
		t.iterations += int64(sample.Value)
	case metrics.DroppedIterationsName:
		t.dropped += int64(sample.Value)
	case metrics.VUsName:
		vus := int64(sample.Value)
		t.vus = &vus
	}
}

func (t *totals) stream(tags *metrics.TagSet, n int64) {
	outcome, _ := tags.Get("outcome")
	family, _ := tags.Get("family")
	t.outcomes.add(outcome, n)
	t.families.add(family, n)
	tally := Tally{Streams: n}
	if outcome == record.Completed {
		tally.Completed = n
	}
	if family == "quota" {
		tally.Refused = n
	}
	account, _ := tags.Get("account")
	t.accounts.add(account, tally)
	step, _ := tags.Get("step")
	t.steps.add(step, tally)
}

// into the line, and on to the next second.
func (t *totals) into(line *Line) {
	line.Iterations, line.Dropped, line.VUs = t.iterations, t.dropped, t.vus
	line.Outcomes, line.Families = t.outcomes, t.families
	line.PerAccount, line.PerStep = t.accounts, t.steps
	line.TTFT, line.TTFTAll = quantiles(&t.ttftSecond), quantiles(&t.ttftSoFar)
	t.ttftSecond.Reset()
}

func quantiles(log *histogram.Log) Quantiles {
	if log.Count() == 0 {
		return Quantiles{}
	}
	at := log.Quantiles(0.5, 0.95, 0.99)
	return Quantiles{Count: log.Count(), P50: &at[0], P95: &at[1], P99: &at[2]}
}

// A name beyond maxNames is counted as others: no id of an account or step looks like that.
const (
	maxNames = 1000
	others   = "…"
)

type counts map[string]int64

func (c counts) add(name string, n int64) {
	if name, ok := bounded(c, name); ok {
		c[name] += n
	}
}

type tallies map[string]Tally

func (t tallies) add(name string, more Tally) {
	if name, ok := bounded(t, name); ok {
		sum := t[name]
		t[name] = Tally{sum.Streams + more.Streams, sum.Completed + more.Completed, sum.Refused + more.Refused}
	}
}

// bounded is the name to count by. False without one.
func bounded[T any](known map[string]T, name string) (string, bool) {
	if name == "" {
		return "", false
	}
	if _, ok := known[name]; !ok && len(known) >= maxNames {
		return others, true
	}
	return name, true
}
