package weir

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k6-weir/xk6-weir/internal/record"
)

func TestNowIsEpochMillisecondsWithMicroseconds(t *testing.T) {
	v := newVU(t, "")
	before := time.Now()
	now := v.run(`weir.now()`).ToFloat()
	require.InDelta(t, float64(before.UnixMicro())/1000, now, 60_000)
	require.True(t, v.run(`[...Array(100)].some(() => weir.now() % 1 !== 0)`).ToBoolean())
}

func TestAHandleIsTheObservation(t *testing.T) {
	v := newVU(t, startServer(t))
	var seen struct {
		Whole   record.Observation
		Headers map[string]string
		Types   string
		Absent  []bool
		Keys    []string
	}
	v.async(`
		const h = await weir.httpStream(request({ marks: { leased: 0.5 }, timeline: true }));
		const { headers, ...whole } = JSON.parse(JSON.stringify(h));
		return { whole, headers: h.headers, types: [typeof h.v, typeof h.marks.sent, typeof h.end.by,
				typeof h.connection.reused, Array.isArray(h.timeline), Array.isArray(h.gaps.histogram[0])].join(),
			absent: [h.error === undefined, h.body === undefined, h.usage === undefined, !('error' in h),
				h.marks.tls === undefined, !('tls' in h.marks), h.nonsense === undefined, h.marks === h.marks],
			keys: Object.keys(h) };`, &seen)
	require.Equal(t, "number,number,string,boolean,true,true", seen.Types)
	require.NotContains(t, seen.Absent, false)
	require.Equal(t, "v,id,instance,scenario,vu,iteration,attempt,dialect,driver,account,step,clock,"+
		"startedAt,marks,connection,status,counts,gaps,end,answerLength,timeline,headers,frames,framesDropped",
		strings.Join(seen.Keys, ","))
	require.Equal(t, "1, 2", seen.Headers["x-many"])
	require.Equal(t, "text/event-stream", seen.Headers["content-type"])
	whole := seen.Whole
	require.Equal(t, record.Identity{
		ID: "0.1.2.0", Scenario: "smoke", VU: 1, Iteration: 2, Attempt: 1, Dialect: "plain",
		Driver: "extension", Account: "a1", Step: "s1",
	}, whole.Identity)
	require.Equal(t, 1, whole.V)
	require.Equal(t, runtime.GOOS == "linux", whole.Clock == "kernel")
	require.Equal(t, 200, whole.Status)
	require.Equal(t, record.End{By: "complete"}, whole.End)
	require.Equal(t, 3, whole.Counts.Answer)
	require.Equal(t, 6, whole.AnswerLength)
	require.InDelta(t, 0.5, *whole.Marks.Leased, 0)
	require.Len(t, whole.Timeline, 3)
	require.Equal(t, 2, whole.Gaps.Count)
}

func TestAHandleIsReadOnly(t *testing.T) {
	v := newVU(t, startServer(t))
	var seen []any
	v.async(`
		'use strict';
		const h = await weir.httpStream(request());
		let thrown = 0;
		try { h.status = 5; } catch (e) { thrown += 1; }
		try { delete h.status; } catch (e) { thrown += 1; }
		return [thrown, h.status];`, &seen)
	require.Equal(t, []any{2.0, 200.0}, seen)
}

func TestARefusalHasItsBody(t *testing.T) {
	v := newVU(t, startServer(t))
	var seen struct {
		Body  string
		Error record.StreamError
		End   record.End
	}
	v.async(`const { body, error, end } = await weir.httpStream(request({ url: url + '/refused' }));
		return { body, error, end };`, &seen)
	require.Equal(t, `{"error":{"code":"limit","message":"too many"}}`, seen.Body)
	require.Equal(t, record.StreamError{Code: "limit", Message: "too many", Source: "http"}, seen.Error)
	require.Equal(t, "refused", seen.End.By)
}

// What a request carries besides what it says itself.
func TestWhatIsSent(t *testing.T) {
	v := newVU(t, startServer(t))
	host := strings.TrimPrefix(v.run(`url`).String(), "http://")
	for script, want := range map[string]string{
		`request()`: host + "|k6-test|||POST",
		`request({ method: 'GET', body: undefined })`:                                                host + "|k6-test|||GET",
		`request({ headers: { host: 'other.example', 'user-agent': 'me', 'Content-Length': '7' } })`: "other.example|me|||POST",
		`request({ url: url.replace('//', '//u:p@') + '/ok' })`:                                      host + "|k6-test||Basic dTpw|POST",
	} {
		jar := v.state.CookieJar
		v.state.CookieJar = nil
		var seen string
		v.async(`return (await weir.httpStream(`+script+`)).headers['x-seen'];`, &seen)
		require.Equal(t, want, seen, script)
		v.state.CookieJar = jar
	}
}

func TestTheVUsCookiesHold(t *testing.T) {
	v := newVU(t, startServer(t))
	var seen []string
	v.async(`const a = await weir.httpStream(request()); const b = await weir.httpStream(request());
		return [a.headers['x-seen'], b.headers['x-seen']];`, &seen)
	require.NotContains(t, seen[0], "session=1")
	require.Contains(t, seen[1], "|session=1|")
}

func TestStreamsOfAnIterationRunAtOnceAndReuse(t *testing.T) {
	v := newVU(t, startServer(t))
	var reused []bool
	const all = `const all = () => Promise.all([...Array(8)].map(() => weir.httpStream(request())));
		await all(); return (await all()).map((h) => h.connection.reused);`
	v.async(all, &reused)
	require.Len(t, reused, 8)
	fresh := 0
	for _, r := range reused {
		if !r {
			fresh++
		}
	}
	require.Less(t, fresh, 8)
}

func TestConnectionsOutliveAnIterationUnlessTheOptionSaysNo(t *testing.T) {
	for _, never := range []bool{false, true} {
		v := newVU(t, startServer(t))
		v.state.Options.NoVUConnectionReuse.Bool = never
		reused := func() (reused bool) {
			v.async(`return (await weir.httpStream(request())).connection.reused;`, &reused)
			return reused
		}
		require.False(t, reused())
		require.True(t, reused())
		v.nextIteration()
		require.Equal(t, !never, reused())
	}
}

func TestNoConnectionReuseHolds(t *testing.T) {
	v := newVU(t, startServer(t))
	v.ownTransport().DisableKeepAlives = true
	var reused []bool
	v.async(`const a = await weir.httpStream(request()); const b = await weir.httpStream(request());
		return [a.connection.reused, b.connection.reused];`, &reused)
	require.Equal(t, []bool{false, false}, reused)
}

// Another extension may have replaced k6's transport: streams go through what is there.
func TestAForeignTransportIsUsedAsItIs(t *testing.T) {
	v := newVU(t, startServer(t))
	own := v.ownTransport()
	defer own.CloseIdleConnections()
	foreign := &countingTransport{inner: own}
	v.state.Transport = foreign
	var seen record.Observation
	v.async(`const { headers, ...h } = await weir.httpStream(request()); return h;`, &seen)
	require.Equal(t, 1, foreign.count)
	require.Equal(t, "complete", seen.End.By)
	require.NotNil(t, seen.Marks.Sent)
	require.NotNil(t, seen.Marks.Headers)
}

// Bytes are counted by k6's dialer, below ours: data_sent and data_received stay true.
func TestTheDialerOfTheVUIsUsed(t *testing.T) {
	v := newVU(t, startServer(t))
	v.async(`await weir.httpStream(request());`, nil)
	require.Positive(t, v.dialer().BytesRead)
	require.Positive(t, v.dialer().BytesWritten)
}

func TestBlacklistsHold(t *testing.T) {
	v := newVU(t, startServer(t))
	v.blacklist("127.0.0.0/8")
	var seen record.Observation
	v.async(`const { headers, ...h } = await weir.httpStream(request()); return h;`, &seen)
	require.Equal(t, "refused", seen.End.By)
	require.Contains(t, seen.Error.Message, "blacklisted range")
}

func TestOutsideAnIteration(t *testing.T) {
	v := newInitVU(t, t.TempDir())
	for script, want := range map[string]string{
		`weir.httpStream({})`: "httpStream must be called in an iteration, not while initialising",
		`weir.emit({}, {})`:   "emit must be called in an iteration, not while initialising",
	} {
		_, err := v.RunOnEventLoop(script)
		require.ErrorContains(t, err, want)
	}
}
