package weir

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/grafana/sobek"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"go.k6.io/k6/v2/js/modules"
	"go.k6.io/k6/v2/js/modulestest"
	"go.k6.io/k6/v2/lib"
	"go.k6.io/k6/v2/lib/netext"
	"go.k6.io/k6/v2/metrics"
	"go.uber.org/goleak"
	"gopkg.in/guregu/null.v3"

	"github.com/k6-weir/xk6-weir/internal/record"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// vu is one VU of a k6 that imports the module as `weir`, in an iteration.
type vu struct {
	*modulestest.Runtime
	t       *testing.T
	state   *lib.State
	samples chan metrics.SampleContainer
	runDir  string
	cancel  context.CancelFunc
	log     *strings.Builder
	root    *Root
	module  *module
	// interrupted is closed when the script of a cut iteration has been interrupted.
	interrupted chan struct{}
}

// root hands out the module instance that a script gets from require.
type root struct {
	*Root
	vu *vu
}

func (r root) NewModuleInstance(given modules.VU) modules.Instance {
	instance := r.Root.NewModuleInstance(given)
	r.vu.module = instance.(*module)
	return instance
}

func newVU(t *testing.T, url string) *vu {
	v := newInitVU(t, t.TempDir())
	samples := make(chan metrics.SampleContainer, 1000)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	dialer := netext.NewDialer(net.Dialer{}, nil)
	own := &http.Transport{
		DialContext: dialer.DialContext, DisableCompression: true, MaxIdleConnsPerHost: 6,
	}
	logger := logrus.New()
	logger.SetOutput(v.log)
	registry := v.VU.InitEnvField.Registry
	systemTags := metrics.DefaultSystemTagSet | metrics.SystemTagSet(metrics.TagIP)
	v.samples = samples
	v.state = &lib.State{
		Options: lib.Options{
			SystemTags: &systemTags,
			UserAgent:  null.StringFrom("k6-test"),
		},
		BuiltinMetrics: v.BuiltinMetrics,
		Logger:         logger,
		Dialer:         dialer,
		Transport:      own,
		CookieJar:      jar,
		Samples:        samples,
		Tags:           lib.NewVUStateTags(registry.RootTagSet().With("scenario", "s1")),
		TestStatus:     lib.NewTestStatus(),
	}
	v.MoveToVUContext(v.state)
	v.nextIteration()
	v.run(fmt.Sprintf(prelude, url))
	t.Cleanup(func() {
		v.cancel()
		if clone := v.module.transport.clone; clone != nil {
			clone.CloseIdleConnections()
		}
	})
	return v
}

// newInitVU is a VU whose script is still initialising.
func newInitVU(t *testing.T, runDir string) *vu {
	v := &vu{Runtime: modulestest.NewRuntime(t), t: t, runDir: runDir, log: &strings.Builder{}}
	v.VU.InitEnvField.RuntimeOptions.Env = map[string]string{"WEIR_RUN_DIR": runDir}
	v.root = New()
	t.Cleanup(v.root.generator.Stop)
	require.NoError(t, v.SetupModuleSystem(map[string]any{"k6/x/weir": root{v.root, v}}, nil, nil))
	_, err := v.VU.Runtime().RunString(`const weir = require('k6/x/weir');`)
	require.NoError(t, err)
	return v
}

// prelude is what the scripts of these tests share.
const prelude = `
const rules = { framing: 'sse', answer: ['text'], delta: 'incremental', end: [{ data: '[DONE]' }],
	error: [{ path: 'error', is: 'truthy' }], errorCode: ['error.code'], errorMessage: ['error.message'] };
const timeouts = { connectMs: 9000, headersMs: 9000, firstEventMs: 9000, idleMs: 9000, totalMs: 9000 };
let number = 0;
const identity = () => ({ id: '0.1.2.' + number++, instance: 0, scenario: 'smoke', vu: 1, iteration: 2,
	attempt: 1, dialect: 'plain', driver: 'extension', account: 'a1', step: 's1' });
const url = '%s';
const request = (more) => ({ url: url + '/ok?key=SECRET', body: '{}', rules, timeouts, name: 'plain /ok',
	startedAt: weir.now(), identity: identity(), ...more });
const completed = { outcome: 'completed', family: 'ok' };
`

// nextIteration gives the VU a new context, as k6 does, and interrupts the script when that is done.
func (v *vu) nextIteration() {
	if v.cancel != nil {
		v.endIteration()
	}
	ctx, cancel := context.WithCancel(context.Background())
	interrupted := make(chan struct{})
	context.AfterFunc(ctx, func() {
		v.VU.Runtime().Interrupt(context.Canceled)
		close(interrupted)
	})
	v.VU.CtxField, v.cancel, v.interrupted = ctx, cancel, interrupted
}

// endIteration leaves a runtime that runs again, for the next iteration.
func (v *vu) endIteration() {
	v.cancel()
	<-v.interrupted
	v.VU.Runtime().ClearInterrupt()
}

func (v *vu) run(script string) sobek.Value {
	value, err := v.RunOnEventLoop(script)
	require.NoError(v.t, err)
	return value
}

// async runs the body of an async function and gives what it returns, by way of JSON.
func (v *vu) async(body string, result any) {
	v.run(`var result; (async () => {` + body + `})().then((value) => { result = JSON.stringify(value); })`)
	if result != nil {
		text := v.VU.Runtime().Get("result").String()
		require.NoError(v.t, json.Unmarshal([]byte(text), result), text)
	}
}

// taken are the samples so far, by metric.
func (v *vu) taken() map[string][]metrics.Sample {
	byMetric := map[string][]metrics.Sample{}
	for _, container := range metrics.GetBufferedSamples(v.samples) {
		for _, sample := range container.GetSamples() {
			byMetric[sample.Metric.Name] = append(byMetric[sample.Metric.Name], sample)
		}
	}
	return byMetric
}

func (v *vu) lines() (records []record.Record) {
	text, err := os.ReadFile(filepath.Join(v.runDir, "streams.ndjson"))
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(v.t, err)
	for _, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		var r record.Record
		require.NoError(v.t, json.Unmarshal([]byte(line), &r))
		records = append(records, r)
	}
	return records
}

// startServer streams: /ok completes, /slow never ends, /refused is a 429.
func startServer(t *testing.T) string {
	mux := http.NewServeMux()
	head := func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Add("X-Many", "1")
		w.Header().Add("X-Many", "2")
	}
	mux.HandleFunc("/ok", func(w http.ResponseWriter, r *http.Request) {
		head(w)
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
		w.Header().Set("X-Seen", strings.Join([]string{
			r.Host, r.UserAgent(), r.Header.Get("Cookie"), r.Header.Get("Authorization"), r.Method,
		}, "|"))
		for range 3 {
			_, _ = fmt.Fprint(w, "data: {\"text\":\"ab\"}\n\n")
			w.(http.Flusher).Flush()
			time.Sleep(2 * time.Millisecond)
		}
		_, _ = fmt.Fprint(w, "data: [DONE]\n\n")
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		head(w)
		_, _ = fmt.Fprint(w, "data: {\"text\":\"ab\"}\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	startOptionServer(mux, head)
	mux.HandleFunc("/refused", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = fmt.Fprint(w, `{"error":{"code":"limit","message":"too many"}}`)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

type countingTransport struct {
	inner http.RoundTripper
	count int
}

func (c *countingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	c.count++
	return c.inner.RoundTrip(r)
}

func (v *vu) ownTransport() *http.Transport { return v.state.Transport.(*http.Transport) }

func (v *vu) dialer() *netext.Dialer { return v.state.Dialer.(*netext.Dialer) }

func (v *vu) blacklist(block string) {
	_, network, err := net.ParseCIDR(block)
	require.NoError(v.t, err)
	v.dialer().Blacklist = []*lib.IPNet{{IPNet: *network}}
}
