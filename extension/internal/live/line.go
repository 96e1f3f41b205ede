// Package live is the k6 output `weir`: `--out weir=<folder>/live.ndjson` appends one line a second
// with what has become of the run so far, and a last one when it ends. Who watches a run reads them
// as they come; the report takes its time axes from them.
//
//	{"t":1700000012345,"elapsed":12.003,"offered":5,"iterations":48,"dropped":0,"started":5,"open":9,"vus":20,
//	 "outcomes":{"completed":37,"rate-limited":2},"families":{"ok":37,"quota":2},
//	 "ttft":{"count":4,"p50":312.4,"p95":402.9,"p99":402.9},"ttftAll":{"count":37,"p50":305.1,"p95":611,"p99":707.3},
//	 "perAccount":{"a1":{"streams":20,"completed":18,"refused":2},"a2":{"streams":19,"completed":19,"refused":0}},
//	 "perStep":{"s1":{"streams":39,"completed":37,"refused":2}},
//	 "generator":{"lagMs":1.2,"cpu":0.11,"goroutines":214,"rssBytes":187432960,"openFds":41}}
//
// All of it comes from the samples that pass through (emit sends them, and the stock drivers do) and
// from the state of the process. Memory is bounded: quantiles come from log histograms, and accounts
// and steps are counted by name up to a thousand each. Warm-up streams have no samples; only started,
// open and the self-check see them.
package live

// Line is one line of live.ndjson. A member that is absent is not known. Samples reach an output up to
// 50 ms late, and with them everything that is counted here.
type Line struct {
	// T is epoch ms, when the line was written.
	T int64 `json:"t"`
	// Elapsed is seconds since k6 started its outputs: before the VUs were made and setup() ran.
	Elapsed float64 `json:"elapsed"`
	// Offered is iterations a second that the arrival-rate scenarios ask for, as a mean since the last
	// line. Absent without such a scenario, and before the first stream: an output is not told when the
	// scenarios begin.
	Offered *float64 `json:"offered,omitempty"`
	// Iterations completed and Dropped (k6 had no VU for them), since the start.
	Iterations int64 `json:"iterations"`
	Dropped    int64 `json:"dropped"`
	// Started is streams that began since the last line; those of the stock drivers when they end.
	Started int64 `json:"started"`
	// Open streams now. Absent with the stock drivers, whose streams are seen only when they end.
	Open *int64 `json:"open,omitempty"`
	// VUs active at k6's last count, which is once a second. Absent before the first.
	VUs *int64 `json:"vus,omitempty"`
	// Outcomes and Families of the streams that ended, since the start: only those that occurred.
	Outcomes map[string]int64 `json:"outcomes"`
	Families map[string]int64 `json:"families"`
	// TTFT of the streams that completed since the last line, TTFTAll since the start.
	TTFT    Quantiles `json:"ttft"`
	TTFTAll Quantiles `json:"ttftAll"`
	// PerAccount and PerStep count what ended since the start, by id. At most 1000 each: the rest
	// together is "…".
	PerAccount map[string]Tally `json:"perAccount"`
	PerStep    map[string]Tally `json:"perStep"`
	Generator  Health           `json:"generator"`
}

// Quantiles in ms, within 1 %. Without a value there is a count of 0 and nothing else.
type Quantiles struct {
	Count int      `json:"count"`
	P50   *float64 `json:"p50,omitempty"`
	P95   *float64 `json:"p95,omitempty"`
	P99   *float64 `json:"p99,omitempty"`
}

// Tally of one account or step. Refused is the family quota.
type Tally struct {
	Streams   int64 `json:"streams"`
	Completed int64 `json:"completed"`
	Refused   int64 `json:"refused"`
}

// Health is how the process does that generates the load.
type Health struct {
	// LagMs is how late its 10 ms ticker was at worst since the last line. Absent before the first
	// stream, and when there has been none for a minute.
	LagMs *float64 `json:"lagMs,omitempty"`
	// CPU is the share of all cores it may use, 0 to 1, since the last line. Absent where that is less
	// than half a second ago, as with the last line.
	CPU        *float64 `json:"cpu,omitempty"`
	Goroutines int      `json:"goroutines"`
	// RSSBytes and OpenFDs are absent where there is no /proc.
	RSSBytes *int64 `json:"rssBytes,omitempty"`
	OpenFDs  *int64 `json:"openFds,omitempty"`
}
