package samples

import "go.k6.io/k6/v2/metrics"

// Metric is a row of the catalogue (lib/metrics/catalogue.ts) that this module gives samples of.
type Metric struct {
	Name     string
	Type     metrics.MetricType
	Contains metrics.ValueType
}

// Metrics that are no number of one record: all gaps of a stream, each one sample, with WEIR_GAPS=all
// only, and how the process does that generates the load. Of gives none of them.
const (
	ChunkGap     = "stream_chunk_gap"
	GeneratorLag = "generator_lag"
	GeneratorCPU = "generator_cpu"
	StreamsOpen  = "streams_open"
)

// Catalogue is registered in every VU. Types and units equal those JavaScript registers: k6 refuses
// a second registration that differs.
var Catalogue = []Metric{
	{"stream_connect", metrics.Trend, metrics.Time},
	{"stream_headers", metrics.Trend, metrics.Time},
	{"stream_first_event", metrics.Trend, metrics.Time},
	{"stream_ttft", metrics.Trend, metrics.Time},
	{"stream_ttfa", metrics.Trend, metrics.Time},
	{"stream_gap_p50", metrics.Trend, metrics.Time},
	{"stream_gap_p99", metrics.Trend, metrics.Time},
	{"stream_max_gap", metrics.Trend, metrics.Time},
	{"stream_duration", metrics.Trend, metrics.Time},
	{"stream_close_lag", metrics.Trend, metrics.Time},
	{"stream_tpot", metrics.Trend, metrics.Time},
	{"stream_stalls", metrics.Trend, metrics.Default},
	{"stream_chunks", metrics.Trend, metrics.Default},
	{"stream_bytes", metrics.Trend, metrics.Default},
	{"stream_tokens", metrics.Trend, metrics.Default},
	{"streams", metrics.Counter, metrics.Default},
	{"stream_outcomes", metrics.Counter, metrics.Default},
	{"stream_completed", metrics.Rate, metrics.Default},
	{"stream_incomplete", metrics.Rate, metrics.Default},
	{"quota_refused", metrics.Rate, metrics.Default},
	{ChunkGap, metrics.Trend, metrics.Time},
	{GeneratorLag, metrics.Trend, metrics.Time},
	{GeneratorCPU, metrics.Trend, metrics.Default},
	{StreamsOpen, metrics.Gauge, metrics.Default},
}
