// Package samples turns one record into the values of the metric catalogue. It is pure: k6 comes in
// where the values are sent. lib/stream/samples.ts does the same for the stock drivers, and
// test/vectors/samples.json holds the two equal.
package samples

import "github.com/k6-weir/xk6-weir/internal/record"

// Sample is a metric's name and its value for one stream.
type Sample struct {
	Metric string
	Value  float64
}

// Of is every metric that this record has a value for. A value whose inputs are absent gives no
// sample, a warm-up record gives none at all.
func Of(r *record.Record) []Sample {
	if r.Warmup {
		return nil
	}
	l := &list{}
	l.add("streams", 1)
	l.add("stream_outcomes", 1)
	l.rates(r)
	if r.Outcome == record.Completed {
		l.timings(r)
	}
	return l.samples
}

type list struct{ samples []Sample }

func (l *list) add(metric string, value float64) {
	l.samples = append(l.samples, Sample{metric, value})
}

func (l *list) flag(metric string, value bool) {
	if value {
		l.add(metric, 1)
	} else {
		l.add(metric, 0)
	}
}

// between adds the time from one mark to a later one, when both exist.
func (l *list) between(metric string, from, to *float64) {
	if from != nil && to != nil {
		l.add(metric, *to-*from)
	}
}

func (l *list) rates(r *record.Record) {
	switch r.Family {
	case "network", "auth", "quota", "request", "ours":
	default: // admitted: the service could have completed the answer
		l.flag("stream_completed", r.Outcome == record.Completed)
		l.flag("stream_incomplete", r.Family == "incomplete" || r.Family == "timeout")
	}
	if r.Family != "ours" {
		l.flag("quota_refused", r.Family == "quota")
	}
}

func (l *list) timings(r *record.Record) {
	marks := &r.Marks
	if r.Connection == nil || !r.Connection.Reused {
		l.between("stream_connect", firstOf(marks.SlotFree, marks.Leased, new(float64)),
			firstOf(marks.TLS, marks.Connected))
	}
	// On a WebSocket the upgrade comes before the question: there is no such interval.
	if marks.Sent != nil && marks.Headers != nil && *marks.Headers >= *marks.Sent {
		l.between("stream_headers", marks.Sent, marks.Headers)
	}
	l.between("stream_first_event", marks.Sent, marks.FirstEvent)
	l.between("stream_ttft", marks.Sent, marks.FirstContent)
	l.between("stream_ttfa", marks.Sent, marks.FirstAnswer)
	stalls := 0
	if gaps := r.Gaps; gaps != nil {
		l.add("stream_gap_p50", gaps.P50)
		l.add("stream_gap_p99", gaps.P99)
		l.add("stream_max_gap", gaps.Max)
		stalls = gaps.Stalls
	}
	if marks.FirstContent != nil { // who cannot see arrivals has not seen that none was late
		l.add("stream_stalls", float64(stalls))
	}
	l.between("stream_duration", marks.Sent, marks.LastContent)
	l.between("stream_close_lag", marks.LastContent, &marks.End)
	l.add("stream_chunks", float64(r.Counts.Content()))
	l.add("stream_bytes", float64(r.Counts.Bytes))
	l.tokens(r)
}

func (l *list) tokens(r *record.Record) {
	if r.Usage == nil || r.Usage.AnswerTokens == nil {
		return
	}
	tokens, marks := *r.Usage.AnswerTokens, &r.Marks
	l.add("stream_tokens", tokens)
	if tokens > 1 && marks.FirstContent != nil && marks.LastContent != nil {
		l.add("stream_tpot", (*marks.LastContent-*marks.FirstContent)/(tokens-1))
	}
}

func firstOf(marks ...*float64) *float64 {
	for _, mark := range marks {
		if mark != nil {
			return mark
		}
	}
	return nil
}
