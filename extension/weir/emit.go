package weir

import (
	"errors"
	"fmt"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/errext"
	"go.k6.io/k6/v2/js/common"
	"go.k6.io/k6/v2/metrics"

	"github.com/k6-weir/xk6-weir/internal/record"
	"github.com/k6-weir/xk6-weir/internal/samples"
)

var (
	errEmitOutside = errors.New("emit must be called in an iteration, not while initialising")
	errEmitTwice   = errors.New("emit must be called once for a stream")
)

// emit is the function of that name in index.d.ts.
func (m *module) emit(stream, argument sobek.Value) {
	rt := m.vu.Runtime()
	if m.vu.State() == nil {
		common.Throw(rt, errEmitOutside)
	}
	seen, err := m.take(stream)
	if err != nil {
		common.Throw(rt, err)
	}
	line, err := m.classified(seen, argument)
	if err != nil {
		common.Throw(rt, err)
	}
	if h, ok := m.iteration.open[seen.ID]; ok {
		h.emitted = true
		delete(m.iteration.open, seen.ID)
	} else if h, ok := stream.Export().(*handle); ok {
		h.emitted = true
	} else {
		m.root.passed(m.vu.Context())
	}
	if err := m.write(line); err != nil {
		rt.Interrupt(&errext.InterruptError{Reason: fmt.Sprintf("%s: %s", errext.AbortTest, err)})
	}
}

// take is the observation in a handle, or a finished one of another driver.
func (m *module) take(stream sobek.Value) (*record.Observation, error) {
	if stream == nil {
		stream = sobek.Undefined()
	}
	if h, ok := stream.Export().(*handle); ok {
		if h.emitted {
			return nil, errEmitTwice
		}
		return h.seen, nil
	}
	return decodeObservation(m.vu.Runtime(), stream)
}

func (m *module) classified(seen *record.Observation, argument sobek.Value) (*record.Record, error) {
	o := &options{rt: m.vu.Runtime()}
	given := o.object("options", argument, "outcome", "family", "error")
	given.name = ""
	line := &record.Record{Observation: *seen, Outcome: given.text("outcome"), Family: given.text("family")}
	family, ok := record.FamilyOf(line.Outcome)
	if !ok {
		given.fail("outcome", "be one of those in lib/stream/outcome.ts", given.get("outcome"))
	}
	if line.Family != family {
		given.fail("family", fmt.Sprintf("be %q for the outcome %q", family, line.Outcome), given.get("family"))
	}
	if given.given("error") {
		e := given.child("error", "code", "message", "source")
		line.Error = &record.StreamError{
			Code:    record.ServerText(e.optional("code")),
			Message: record.ServerText(e.optional("message")),
			Source:  e.choice("source", "http", "frame", "close", "network"),
		}
	}
	return line, o.err
}

// write sends the samples and the line of a record, both whatever becomes of the other. The send is
// plain: this runs on the VU's goroutine inside its iteration, while k6 still takes samples, and
// metrics.PushIfNotDone would drop what the end of the run cuts.
func (m *module) write(line *record.Record) error {
	if batch := m.batch(line); len(batch) > 0 {
		m.vu.State().Samples <- batch
	}
	m.root.gaps.add(line)
	if m.runDir == "" {
		return nil
	}
	return m.root.journal.append(m.runDir, line)
}

// batch is all samples of one stream. The lag of a warm-up is looked at too, so that the first stream
// after it does not answer for it.
func (m *module) batch(line *record.Record) (batch metrics.Samples) {
	beside := m.root.besides()
	if line.Warmup {
		return nil
	}
	tags := m.vu.State().Tags.GetCurrentValues()
	at := time.Now()
	add := func(all ...samples.Sample) {
		for _, sample := range all {
			batch = append(batch, metrics.Sample{
				TimeSeries: metrics.TimeSeries{Metric: m.metrics[sample.Metric], Tags: tags.Tags},
				Time:       at,
				Metadata:   tags.Metadata,
				Value:      sample.Value,
			})
		}
	}
	if line.Step != "" {
		tags.SetTag("step", line.Step)
	}
	add(beside...)
	for name, value := range map[string]string{
		"dialect": line.Dialect, "driver": line.Driver, "outcome": line.Outcome, "family": line.Family,
		"account": line.Account, "kind": line.Kind,
	} {
		if value != "" {
			tags.SetTag(name, value)
		}
	}
	add(samples.Of(line)...)
	if m.allGaps && line.Gaps != nil {
		for _, gap := range line.Gaps.Values() {
			add(samples.Sample{Metric: samples.ChunkGap, Value: gap})
		}
	}
	return batch
}

// emitAllInterrupted records what the iteration leaves open when it is cut.
func (m *module) emitAllInterrupted() {
	for id := range m.iteration.open {
		m.emitInterrupted(id)
	}
}

// emitInterrupted: no script can be told of a failure any more, so the run is marked as failed.
func (m *module) emitInterrupted(id string) {
	h := m.iteration.open[id]
	delete(m.iteration.open, id)
	h.emitted = true
	line := &record.Record{Observation: *h.seen, Outcome: record.Interrupted, Family: "ours"}
	if err := m.write(line); err != nil {
		m.root.failed.Do(func() { m.vu.State().Logger.Error(err) })
		m.vu.State().TestStatus.MarkFailed()
	}
}
