// Package weir is the JavaScript module k6/x/weir: the part of it that knows k6 and its event loop.
//
// A call of httpStream checks its options on the event loop, hands plain Go values to a goroutine
// (package exchange) and resolves its promise in one registered callback, back on the loop. JavaScript
// values never leave the loop, and no goroutine outlives its iteration. A connection of connect works the
// same way; while no promise of it is pending, nothing of it keeps the iteration from ending.
package weir

import (
	"sync"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"
	"go.k6.io/k6/v2/js/modules"
	"go.k6.io/k6/v2/metrics"

	"github.com/k6-weir/xk6-weir/internal/exchange"
	"github.com/k6-weir/xk6-weir/internal/generator"
	"github.com/k6-weir/xk6-weir/internal/rules"
	"github.com/k6-weir/xk6-weir/internal/samples"
)

// Root is the one of the process: what all VUs share.
type Root struct {
	rules   rules.Cache
	journal journal
	slots   exchange.Slots
	failed  sync.Once // said so in the log: it is the same for every stream
	gaps    gapTotals

	generator *generator.Generator
	lag       *generator.LagWatcher
	cpu       *generator.CPU
}

// New is the module as k6 wants it registered.
func New() *Root {
	g := generator.New()
	return &Root{generator: g, lag: g.Lag.Watcher(), cpu: generator.NewCPU(time.Second)}
}

// NewModuleInstance is called once for each VU, while it initialises.
func (r *Root) NewModuleInstance(vu modules.VU) modules.Instance {
	exchange.EnableArrivalStamps()
	m := &module{
		root: r, vu: vu, metrics: map[string]*metrics.Metric{},
		runDir:  variable(vu.InitEnv(), "WEIR_RUN_DIR"),
		allGaps: variable(vu.InitEnv(), "WEIR_GAPS") == "all",
	}
	registry := vu.InitEnv().Registry
	for _, row := range samples.Catalogue {
		metric, err := registry.NewMetric(row.Name, row.Type, row.Contains)
		if err != nil {
			common.Throw(vu.Runtime(), err)
		}
		m.metrics[row.Name] = metric
	}
	return m
}

// module is the instance of one VU. Its fields are touched on the event loop only.
type module struct {
	root    *Root
	vu      modules.VU
	metrics map[string]*metrics.Metric
	// runDir is where streams.ndjson goes; empty: nowhere.
	runDir string
	// allGaps: each gap becomes a sample.
	allGaps bool

	// parsed remembers rules by the JavaScript object that holds them: scripts pass the same one
	// each time, and turning it into JSON costs more than a stream's first frames.
	parsed    map[*sobek.Object]*rules.Rules
	transport transports
	sockets   sockets
	iteration iteration
}

// Exports implements modules.Instance.
func (m *module) Exports() modules.Exports {
	return modules.Exports{Named: map[string]any{
		"now":          now,
		"httpStream":   m.httpStream,
		"connect":      m.connect,
		"emit":         m.emit,
		"gapHistogram": m.gapHistogram,
	}}
}

// now is the wall clock in epoch milliseconds, with microseconds behind the point.
func now() float64 { return float64(time.Now().UnixMicro()) / 1000 }

// variable of the environment as the script's __ENV has it, -e values included.
func variable(env *common.InitEnvironment, name string) string {
	if value, ok := env.RuntimeOptions.Env[name]; ok {
		return value
	}
	if env.LookupEnv != nil {
		value, _ := env.LookupEnv(name)
		return value
	}
	return ""
}
