package live

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"
	"go.k6.io/k6/v2/metrics"
	"go.k6.io/k6/v2/output"
	"go.uber.org/goleak"

	"github.com/k6-weir/xk6-weir/internal/generator"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is an output whose time passes when it is told to, with samples to feed it.
type bench struct {
	*Output
	t        *testing.T
	at       time.Time
	registry *metrics.Registry
	logs     *logtest.Hook
}

func newBench(t *testing.T, change ...func(*output.Params)) *bench {
	b := &bench{t: t, at: time.UnixMilli(1_700_000_000_000), registry: metrics.NewRegistry()}
	logger, logs := logtest.NewNullLogger()
	b.logs = logs
	params := output.Params{ConfigArgument: filepath.Join(t.TempDir(), "live.ndjson"), Logger: logger}
	for _, c := range change {
		c(&params)
	}
	g := generator.New()
	t.Cleanup(g.Stop)
	out, err := New(params, g)
	require.NoError(t, err)
	b.Output = out
	out.now = func() time.Time { return b.at }
	return b
}

// open is Start without the goroutine that writes each second of real time.
func (b *bench) open() *bench {
	require.NoError(b.t, b.Start())
	b.flusher.Stop()
	require.NoError(b.t, os.Truncate(b.path, 0))
	b.t.Cleanup(func() { _ = b.file.Close() })
	return b
}

func (b *bench) metric(name string) *metrics.Metric {
	kind := metrics.Counter
	switch name {
	case "stream_ttft":
		kind = metrics.Trend
	case metrics.VUsName:
		kind = metrics.Gauge
	}
	return b.registry.MustNewMetric(name, kind)
}

// add one sample. Tags are name=value.
func (b *bench) add(metric string, value float64, tags ...string) {
	set := b.registry.RootTagSet()
	for _, tag := range tags {
		name, text, _ := strings.Cut(tag, "=")
		set = set.With(name, text)
	}
	sample := metrics.Sample{
		TimeSeries: metrics.TimeSeries{Metric: b.metric(metric), Tags: set}, Time: b.at, Value: value,
	}
	b.AddMetricSamples([]metrics.SampleContainer{metrics.Samples{sample}})
}

func (b *bench) completed(account, step string, ttft float64) {
	b.add("stream_outcomes", 1, "outcome=completed", "family=ok", "account="+account, "step="+step)
	b.add("stream_ttft", ttft, "outcome=completed", "family=ok", "account="+account, "step="+step)
}

func (b *bench) refused(account, step string) {
	b.add("stream_outcomes", 1, "outcome=rate-limited", "family=quota", "account="+account, "step="+step)
}

// second passes, and a line is written.
func (b *bench) second() Line {
	b.at = b.at.Add(time.Second)
	b.flush()
	lines := b.lines()
	return lines[len(lines)-1]
}

func (b *bench) lines() (lines []Line) {
	text, err := os.ReadFile(b.path)
	require.NoError(b.t, err)
	for _, row := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		var line Line
		decoder := json.NewDecoder(strings.NewReader(row))
		decoder.DisallowUnknownFields()
		require.NoError(b.t, decoder.Decode(&line), row)
		lines = append(lines, line)
	}
	return lines
}

func TestLinesOfARun(t *testing.T) {
	b := newBench(t).open()
	b.add(metrics.VUsName, 20)
	b.add(metrics.IterationsName, 1)
	b.add("http_reqs", 7, "outcome=completed")
	for i := range 100 {
		b.completed("a1", "s1", float64(100+i))
	}
	b.refused("a2", "s1")
	b.generator.Opened()
	b.generator.Opened()
	b.generator.Closed()

	line := b.second()
	require.EqualValues(t, 1_700_000_001_000, line.T)
	require.InDelta(t, 1, line.Elapsed, 1e-9)
	require.Nil(t, line.Offered)
	require.EqualValues(t, 1, line.Iterations)
	require.EqualValues(t, 20, *line.VUs)
	require.EqualValues(t, 2, line.Started)
	require.EqualValues(t, 1, *line.Open)
	require.Equal(t, map[string]int64{"completed": 100, "rate-limited": 1}, line.Outcomes)
	require.Equal(t, map[string]int64{"ok": 100, "quota": 1}, line.Families)
	require.Equal(t, map[string]Tally{
		"a1": {Streams: 100, Completed: 100}, "a2": {Streams: 1, Refused: 1},
	}, line.PerAccount)
	require.Equal(t, map[string]Tally{"s1": {Streams: 101, Completed: 100, Refused: 1}}, line.PerStep)
	require.Equal(t, 100, line.TTFT.Count)
	require.InEpsilon(t, 149.5, *line.TTFT.P50, 0.01)
	require.InEpsilon(t, 194.05, *line.TTFT.P95, 0.01)
	require.InEpsilon(t, 198.01, *line.TTFT.P99, 0.01)
	require.Equal(t, line.TTFT, line.TTFTAll)

	b.completed("a1", "s2", 900)
	b.add(metrics.DroppedIterationsName, 3)
	b.generator.Passed()
	line = b.second()
	require.EqualValues(t, 1, line.Started)
	require.EqualValues(t, 1, line.Iterations)
	require.EqualValues(t, 3, line.Dropped)
	require.Equal(t, map[string]int64{"completed": 101, "rate-limited": 1}, line.Outcomes)
	require.Equal(t, 1, line.TTFT.Count)
	require.InEpsilon(t, 900, *line.TTFT.P50, 0.01)
	require.Equal(t, 101, line.TTFTAll.Count)
	require.InEpsilon(t, 150, *line.TTFTAll.P50, 0.01)
	require.Equal(t, Tally{Streams: 1, Completed: 1}, line.PerStep["s2"])

	line = b.second()
	require.Zero(t, line.Started)
	require.Equal(t, Quantiles{}, line.TTFT)
	require.Equal(t, 101, line.TTFTAll.Count)
}

func TestALineBeforeAnythingHappened(t *testing.T) {
	b := newBench(t).open()
	b.second()
	text, err := os.ReadFile(b.path)
	require.NoError(t, err)
	row, _, _ := strings.Cut(string(text), `"generator"`)
	require.Equal(t, `{"t":1700000001000,"elapsed":1,"iterations":0,"dropped":0,"started":0,"outcomes":{},"families":{},`+
		`"ttft":{"count":0},"ttftAll":{"count":0},"perAccount":{},"perStep":{},`, row)
	require.NotContains(t, string(text), "lagMs", "no stream, no ticker")
}

func TestTheGeneratorsHealth(t *testing.T) {
	b := newBench(t).open()
	b.generator.Opened()
	require.Eventually(t, func() bool { return b.second().Generator.LagMs != nil }, 10*time.Second, time.Millisecond)
	health := b.second().Generator
	require.Positive(t, health.Goroutines)
	require.Positive(t, *health.RSSBytes)
	require.Positive(t, *health.OpenFDs)
	time.Sleep(minCPUWindow)
	cpu := b.second().Generator.CPU
	require.NotNil(t, cpu)
	require.GreaterOrEqual(t, *cpu, 0.0)
	require.LessOrEqual(t, *cpu, 1.0)
	require.Nil(t, b.second().Generator.CPU, "the last line of a run comes too soon for it")
}

func TestAtMostAThousandNames(t *testing.T) {
	b := newBench(t).open()
	for i := range 1500 {
		b.completed(fmt.Sprintf("a%d", i), fmt.Sprintf("s%d", i), 5)
	}
	b.refused("a3", "s3")
	b.refused("a1400", "")
	b.add("stream_outcomes", 1, "outcome=completed", "family=ok")
	line := b.second()
	require.Len(t, line.PerAccount, 1001)
	require.Len(t, line.PerStep, 1001)
	require.Equal(t, Tally{Streams: 2, Completed: 1, Refused: 1}, line.PerAccount["a3"])
	require.Equal(t, Tally{Streams: 2, Completed: 1, Refused: 1}, line.PerStep["s3"])
	require.Equal(t, Tally{Streams: 501, Completed: 500, Refused: 1}, line.PerAccount["…"])
	require.Equal(t, Tally{Streams: 500, Completed: 500}, line.PerStep["…"])
	require.EqualValues(t, 1501, line.Outcomes["completed"], "a stream without account and step is one too")
}

func TestAFullDiskIsSaidOnceAndTheRunGoesOn(t *testing.T) {
	b := newBench(t, func(p *output.Params) {
		require.NoError(t, os.Symlink("/dev/full", p.ConfigArgument))
	})
	require.NoError(t, b.Start())
	for range 3 {
		b.flush()
	}
	require.NoError(t, b.Stop())
	require.Len(t, b.logs.AllEntries(), 1)
	entry := b.logs.LastEntry()
	require.Equal(t, logrus.ErrorLevel, entry.Level)
	require.Contains(t, entry.Message, "could not write a line of live.ndjson")
}

func TestARealRunEndsWithALine(t *testing.T) {
	b := newBench(t)
	b.now = time.Now
	require.NoError(t, b.Start())
	info, err := os.Stat(b.path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.Eventually(t, func() bool {
		info, err = os.Stat(b.path)
		return err == nil && info.Size() > 0
	}, 30*time.Second, 10*time.Millisecond)
	b.completed("a1", "s1", 5)
	require.NoError(t, b.Stop())
	lines := b.lines()
	require.EqualValues(t, 1, lines[len(lines)-1].Outcomes["completed"])
	require.Contains(t, b.Description(), "live.ndjson")
}

// The file may hold lines already, of a run that was given the same folder.
func TestLinesAreAppended(t *testing.T) {
	b := newBench(t, func(p *output.Params) {
		require.NoError(t, os.WriteFile(p.ConfigArgument, []byte("{\"t\":1}\n"), 0o600))
	})
	require.NoError(t, b.Start())
	require.NoError(t, b.Stop())
	require.Len(t, b.lines(), 2)
	require.EqualValues(t, 1, b.lines()[0].T)
}

func TestAFileThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for path, want := range map[string]string{
		"":                                 "it needs the file to write to: --out weir=<folder>/live.ndjson",
		filepath.Join(dir, "none", "live"): "the folder " + filepath.Join(dir, "none") + " of live does not exist",
		filepath.Join(file, "live"):        file + " is no folder",
		dir:                                dir + " is a folder: it needs the file to write to: --out weir=<folder>/live.ndjson",
	} {
		_, err := New(output.Params{ConfigArgument: path}, generator.New())
		require.EqualError(t, err, want)
	}
	dangling := filepath.Join(dir, "dangling")
	require.NoError(t, os.Symlink(filepath.Join(dir, "none", "live"), dangling))
	out, err := New(output.Params{ConfigArgument: dangling}, generator.New())
	require.NoError(t, err)
	require.ErrorContains(t, out.Start(), "the output weir cannot write: open "+dangling)
}

// k6 waits for each output in turn: 20 samples of one stream, two of them ours.
func BenchmarkAddMetricSamples(b *testing.B) {
	registry := metrics.NewRegistry()
	tags := registry.RootTagSet()
	for i, name := range []string{"scenario", "dialect", "driver", "outcome", "family", "account", "step", "kind"} {
		tags = tags.With(name, fmt.Sprintf("value%d", i))
	}
	batch := metrics.Samples{}
	for i := range 20 {
		name := []string{"stream_outcomes", "stream_ttft", "stream_bytes"}[min(i, 2)]
		series := metrics.TimeSeries{Metric: registry.MustNewMetric(name, metrics.Trend), Tags: tags}
		batch = append(batch, metrics.Sample{TimeSeries: series, Value: 150})
	}
	o := &Output{totals: newTotals()}
	for b.Loop() {
		o.AddMetricSamples([]metrics.SampleContainer{batch})
	}
}
