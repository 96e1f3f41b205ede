package weir

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/grafana/sobek"
	"github.com/stretchr/testify/require"
	"go.k6.io/k6/v2/errext"
	"go.k6.io/k6/v2/errext/exitcodes"

	"github.com/k6-weir/xk6-weir/internal/record"
)

func TestEmitSendsSamplesAndALine(t *testing.T) {
	v := newVU(t, startServer(t))
	v.async(`weir.emit(await weir.httpStream(request({ tags: { mine: 'x' } })), completed);`, nil)
	samples := v.taken()
	for _, metric := range []string{
		"streams", "stream_outcomes", "stream_completed", "stream_incomplete", "quota_refused",
		"stream_connect", "stream_headers", "stream_first_event", "stream_ttft", "stream_ttfa",
		"stream_gap_p50", "stream_gap_p99", "stream_max_gap", "stream_stalls", "stream_duration",
		"stream_close_lag", "stream_chunks", "stream_bytes",
	} {
		require.Len(t, samples[metric], 1, metric)
		require.Equal(t, map[string]string{
			"scenario": "s1", "dialect": "plain", "driver": "extension", "outcome": "completed",
			"family": "ok", "account": "a1", "step": "s1",
		}, samples[metric][0].Tags.Map())
	}
	require.NotContains(t, samples, "stream_tokens")
	require.InDelta(t, 3, samples["stream_chunks"][0].Value, 0)
	lines := v.lines()
	require.Len(t, lines, 1)
	require.Equal(t, "completed", lines[0].Outcome)
	require.Equal(t, "ok", lines[0].Family)
	require.Empty(t, lines[0].Timeline)
	info, err := os.Stat(filepath.Join(v.runDir, "streams.ndjson"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestWithoutARunFolderThereIsNoLine(t *testing.T) {
	v := newVU(t, startServer(t))
	v.module.runDir = ""
	v.async(`weir.emit(await weir.httpStream(request()), completed);`, nil)
	require.Len(t, v.taken()["streams"], 1)
	require.Empty(t, v.lines())
}

func TestWarmUpHasALineAndNoSamples(t *testing.T) {
	v := newVU(t, startServer(t))
	v.async(`weir.emit(await weir.httpStream(request({ identity: { ...identity(), warmup: true } })), completed);`, nil)
	require.NotContains(t, v.taken(), "streams")
	require.Len(t, v.lines(), 1)
	require.True(t, v.lines()[0].Warmup)
}

func TestEmitReplacesTheError(t *testing.T) {
	v := newVU(t, startServer(t))
	v.async(`weir.emit(await weir.httpStream(request({ url: url + '/refused' })), { outcome: 'rate-limited',
		family: 'quota', error: { code: '68003', message: 'too\nmany', source: 'http' } });`, nil)
	require.Equal(t, &record.StreamError{Code: "68003", Message: "too many", Source: "http"}, v.lines()[0].Error)
}

const observation = `{ v: 1, ...identity(), driver: 'websockets', clock: 'user', startedAt: 1700000000000.5,
	marks: { sent: 1, firstContent: 3.25, lastContent: 5, end: 6 }, counts: { events: 2, answer: 2, reasoning: 0,
	tool: 0, other: 0, bytes: 9, malformed: 0, unterminated: 0 }, end: { by: 'complete', closeCode: 1000 },
	answerLength: 4, timeline: [3.25, 5], usage: undefined }`

func TestEmitTakesTheObservationOfAnotherDriver(t *testing.T) {
	v := newVU(t, "")
	v.async(`weir.emit(`+observation+`, completed);`, nil)
	samples := v.taken()
	require.InDelta(t, 2.25, samples["stream_ttft"][0].Value, 1e-9)
	require.Equal(t, "websockets", samples["streams"][0].Tags.Map()["driver"])
	require.Equal(t, []float64{3.25, 5}, v.lines()[0].Timeline)
	require.Equal(t, 1000, *v.lines()[0].End.CloseCode)
}

func TestEmitErrors(t *testing.T) {
	v := newVU(t, startServer(t))
	v.run(`const seen = ` + observation + `;`)
	for script, want := range map[string]string{
		`undefined, completed`:                            `stream must be a handle or an observation, got undefined`,
		`'x', completed`:                                  `stream must be a handle or an observation, got a string`,
		`{}, completed`:                                   `stream.v must be given, got undefined`,
		`{ ...seen, v: 2 }, completed`:                    `stream.v must be 1, got 2`,
		`{ ...seen, marks: {} }, completed`:               `stream.marks.end must be given, got undefined`,
		`{ ...seen, marks: { end: 'x' } }, completed`:     `stream.marks.end must be a number, got a string`,
		`{ ...seen, marks: { end: NaN } }, completed`:     `stream.marks.end must not be null or NaN`,
		`{ ...seen, marks: { end: 1, x: 2 } }, completed`: `stream must not hold the unknown key "x"`,
		`{ ...seen, id: 5 }, completed`:                   `stream.id must be a string, got a number`,
		`{ ...seen, timeline: [1, null] }, completed`:     `stream.timeline[1] must not be null or NaN`,
		`{ ...seen, timeline: 1 }, completed`:             `stream.timeline must be an array, got a number`,
		`{ ...seen, connection: 'x' }, completed`:         `stream.connection must be an object, got a string`,
		`{ ...seen, status: 1.5 }, completed`:             `stream.status must be a whole number, got a number 1.5`,
		`{ ...seen, prompt: 'SECRET' }, completed`:        `stream must not hold the unknown key "prompt"`,
		`seen`:                                  `options must be an object, got undefined`,
		`seen, { outcome: 'ok', family: 'ok' }`: `outcome must be one of those in lib/stream/outcome.ts, got "ok"`,
		`seen, { outcome: 'completed', family: 'server' }`: `family must be "ok" for the outcome "completed", got "server"`,
		`seen, { outcome: 'completed' }`:                   `family must be a string that is not empty, got undefined`,
		`seen, { ...completed, tags: {} }`:                 `options.tags must not be there: the known keys are outcome, family, error, got an object`,
		`seen, { ...completed, error: 'x' }`:               `error must be an object, got "x"`,
		`seen, { ...completed, error: { source: 'dns' } }`: `error.source must be one of http, frame, close, network, got "dns"`,
	} {
		var message string
		v.async(`try { weir.emit(`+script+`); return 'none'; } catch (e) {
			return e instanceof Error ? e.message : 'no Error'; }`, &message)
		require.Equal(t, want, message, script)
	}
	require.Empty(t, v.taken())
	require.Empty(t, v.lines())
}

func TestASecondEmitOfAHandleThrows(t *testing.T) {
	v := newVU(t, startServer(t))
	var messages []string
	v.async(`
		const h = await weir.httpStream(request());
		const messages = [];
		try { weir.emit(h, { outcome: 'wrong', family: 'ok' }); } catch (e) { messages.push(e.message); }
		weir.emit(h, completed);
		try { weir.emit(h, completed); } catch (e) { messages.push(e.message); }
		const other = await weir.httpStream(request());
		const { headers, body, frames, framesDropped, ...copy } = other;
		weir.emit(copy, completed);
		try { weir.emit(other, completed); } catch (e) { messages.push(e.message); }
		return messages;`, &messages)
	require.Equal(t, []string{
		`outcome must be one of those in lib/stream/outcome.ts, got "wrong"`,
		"emit must be called once for a stream", "emit must be called once for a stream",
	}, messages)
	require.Len(t, v.lines(), 2)
	require.Len(t, v.taken()["streams"], 2)
}

// Like exec.test.abort: k6 ends with 108 and says why.
func TestRecordsThatCannotBeWrittenAbortTheTest(t *testing.T) {
	for name, dir := range map[string]func(t *testing.T) string{
		"no such folder": func(t *testing.T) string { return filepath.Join(t.TempDir(), "none") },
		"a full disk": func(t *testing.T) string {
			dir := t.TempDir()
			require.NoError(t, os.Symlink("/dev/full", filepath.Join(dir, "streams.ndjson")))
			return dir
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVU(t, "")
			v.module.runDir = dir(t)
			_, err := v.RunOnEventLoop(`weir.emit(` + observation + `, completed);`)
			var interrupted *sobek.InterruptedError
			require.ErrorAs(t, err, &interrupted)
			reason, ok := interrupted.Value().(*errext.InterruptError)
			require.True(t, ok)
			require.Equal(t, exitcodes.ScriptAborted, reason.ExitCode())
			require.Contains(t, reason.Error(), "test aborted: records ")
			require.Len(t, v.taken()["streams"], 1)
			require.True(t, errors.As(v.module.root.journal.err, new(*os.PathError)))
		})
	}
}
