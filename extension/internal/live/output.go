package live

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"go.k6.io/k6/v2/metrics"
	"go.k6.io/k6/v2/output"

	"github.com/k6-weir/xk6-weir/internal/generator"
	"github.com/k6-weir/xk6-weir/internal/record"
)

const (
	period = time.Second
	// A share of CPU over less time is mostly rounding.
	minCPUWindow = 500 * time.Millisecond
)

// Output implements output.Output.
type Output struct {
	path      string
	log       logrus.FieldLogger
	now       func() time.Time
	generator *generator.Generator
	lag       *generator.LagWatcher
	cpu       *generator.CPU
	plan      plan

	mu     sync.Mutex // held while samples are added: never while a line is written
	totals *totals

	// What follows belongs to whoever writes lines, one at a time.
	file    *os.File
	flusher *output.PeriodicFlusher
	start   time.Time
	last    time.Time // when the last line was written
	started int64     // streams by then
	failed  bool
}

var errNoPath = errors.New("it needs the file to write to: --out weir=<folder>/live.ndjson")

// New checks that the file can be there, before k6 makes any VU.
func New(params output.Params, g *generator.Generator) (*Output, error) {
	if err := checkPath(params.ConfigArgument); err != nil {
		return nil, err
	}
	return &Output{
		path: params.ConfigArgument, log: params.Logger, now: time.Now,
		generator: g, lag: g.Lag.Watcher(), cpu: generator.NewCPU(minCPUWindow),
		plan: newPlan(params.ScriptOptions), totals: newTotals(),
	}, nil
}

func checkPath(path string) error {
	if path == "" {
		return errNoPath
	}
	folder := filepath.Dir(path)
	switch info, err := os.Stat(folder); {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("the folder %s of %s does not exist", folder, filepath.Base(path))
	case err != nil:
		return fmt.Errorf("the folder of %s: %w", filepath.Base(path), err)
	case !info.IsDir():
		return fmt.Errorf("%s is no folder", folder)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a folder: %w", path, errNoPath)
	}
	return nil
}

// Description implements output.Output.
func (o *Output) Description() string { return fmt.Sprintf("weir (%s)", o.path) }

// Start implements output.Output.
func (o *Output) Start() error {
	file, err := os.OpenFile(o.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) //nolint:gosec // the user's own
	if err != nil {
		return fmt.Errorf("the output weir cannot write: %w", err)
	}
	o.file = file
	o.start = o.now()
	o.last = o.start
	o.started = o.generator.Started()
	o.cpu.Begin()
	o.flusher, err = output.NewPeriodicFlusher(period, o.flush)
	return err
}

// Stop implements output.Output. The flusher writes the last line.
func (o *Output) Stop() error {
	o.flusher.Stop()
	if err := o.file.Close(); err != nil {
		o.fail(err)
	}
	return nil
}

// AddMetricSamples implements output.Output. Samples are added up at once and not kept.
func (o *Output) AddMetricSamples(containers []metrics.SampleContainer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, container := range containers {
		for _, sample := range container.GetSamples() {
			o.totals.add(&sample)
		}
	}
}

// flush writes a line. A disk that is full must not end the run: it is said once.
func (o *Output) flush() {
	text, err := o.text()
	if err == nil {
		_, err = o.file.Write(text)
	}
	if err != nil {
		o.fail(err)
	}
}

func (o *Output) fail(err error) {
	if !o.failed {
		o.failed = true
		o.log.WithError(err).Errorf("The output weir could not write a line of %s; further ones are not reported",
			filepath.Base(o.path))
	}
}

// text is the line for this moment.
func (o *Output) text() ([]byte, error) {
	line := Line{Generator: o.health()}
	if open, ok := o.generator.Open(); ok {
		line.Open = &open
	}
	started := o.generator.Started()
	now := o.now()
	line.T, line.Elapsed = now.UnixMilli(), rounded(now.Sub(o.start).Seconds())
	line.Started = started - o.started
	if began := o.generator.Scenario(); began != nil {
		if rate := o.plan.offered(began.Name, began.Started, o.last, now); rate != nil {
			line.Offered = pointer(rounded(*rate))
		}
	}
	o.started, o.last = started, now

	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	// The maps in the line are those that AddMetricSamples counts in.
	o.mu.Lock()
	defer o.mu.Unlock()
	o.totals.into(&line)
	err := encoder.Encode(&line)
	return text.Bytes(), err
}

func (o *Output) health() Health {
	health := Health{Goroutines: runtime.NumGoroutine()}
	if worst, ok := o.lag.Worst(); ok {
		health.LagMs = pointer(record.Round(metrics.D(worst)))
	}
	if share, ok := o.cpu.Share(); ok {
		health.CPU = pointer(rounded(share))
	}
	if bytes, ok := generator.Memory(); ok {
		health.RSSBytes = &bytes
	}
	if files, ok := generator.OpenFiles(); ok {
		health.OpenFDs = &files
	}
	return health
}

func pointer(value float64) *float64 { return &value }

// rounded to thousandths: more is noise and makes lines longer.
func rounded(value float64) float64 { return math.Round(value*1000) / 1000 }
