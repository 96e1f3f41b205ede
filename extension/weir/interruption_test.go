package weir

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// cut runs a script and cuts its iteration as k6 does, soon after the server has answered.
func (v *vu) cut(after time.Duration, script string) {
	timer := time.AfterFunc(after, v.cancel)
	defer timer.Stop()
	_, err := v.RunOnEventLoop(`(async () => {` + script + `})()`)
	_ = err // whether the script was running when it was cut is a matter of chance
	require.Error(v.t, v.VU.Context().Err())
	v.endIteration()
}

const (
	soon    = 300 * time.Millisecond
	slowURL = `request({ url: url + '/slow' })`
)

func TestStreamsCutWithTheirIterationAreCounted(t *testing.T) {
	v := newVU(t, startServer(t))
	v.cut(soon, `await Promise.all([weir.httpStream(`+slowURL+`), weir.httpStream(`+slowURL+`)]);`)
	lines := v.lines()
	require.Len(t, lines, 2)
	for _, line := range lines {
		require.Equal(t, "interrupted", line.Outcome)
		require.Equal(t, "ours", line.Family)
		require.Equal(t, "interrupted", line.End.By)
		require.Equal(t, 1, line.Counts.Answer)
		require.Len(t, line.Timeline, 1)
	}
	samples := v.taken()
	require.Len(t, samples["streams"], 2)
	require.Equal(t, "interrupted", samples["stream_outcomes"][0].Tags.Map()["outcome"])
	require.NotContains(t, samples, "quota_refused")
	require.NotContains(t, samples, "http_reqs", "as k6 does")
}

// One stream is done and waits for its sibling when the iteration is cut: its script cannot emit it.
func TestAStreamThatNobodyEmittedIsCountedToo(t *testing.T) {
	v := newVU(t, startServer(t))
	v.cut(soon, `
		const all = await Promise.all([weir.httpStream(request()), weir.httpStream(`+slowURL+`)]);
		for (const h of all) weir.emit(h, completed);`)
	lines := v.lines()
	require.Len(t, lines, 2)
	ends := map[string]bool{}
	for _, line := range lines {
		require.Equal(t, "interrupted", line.Outcome)
		ends[line.End.By] = true
	}
	require.Equal(t, map[string]bool{"complete": true, "interrupted": true}, ends)
	require.Len(t, v.taken()["streams"], 2)
}

func TestAnEmittedStreamIsNotCountedAgain(t *testing.T) {
	v := newVU(t, startServer(t))
	v.cut(soon, `
		const slow = weir.httpStream(`+slowURL+`);
		weir.emit(await weir.httpStream(request()), completed);
		await slow;`)
	require.Len(t, v.lines(), 2)
	require.Equal(t, "completed", v.lines()[0].Outcome)
	require.Equal(t, "interrupted", v.lines()[1].Outcome)
}

// The script is busy, so that the end of a stream and the cut meet in one callback.
func TestAScriptCutWhileItReactsToAStream(t *testing.T) {
	v := newVU(t, startServer(t))
	v.cut(soon, `const h = await weir.httpStream(request()); for (;;) ; weir.emit(h, completed);`)
	require.Len(t, v.lines(), 1)
	require.Equal(t, "interrupted", v.lines()[0].Outcome)
	require.Equal(t, "complete", v.lines()[0].End.By)
}

// What an iteration that ended by itself did not emit was its script's choice.
func TestTheNextIterationDoesNotEmitWhatTheLastOneLeft(t *testing.T) {
	v := newVU(t, startServer(t))
	v.async(`await weir.httpStream(request());`, nil)
	v.nextIteration()
	v.cut(soon, `await weir.httpStream(`+slowURL+`);`)
	require.Len(t, v.lines(), 1)
	require.Equal(t, "interrupted", v.lines()[0].End.By)
}

func TestAnInterruptedRecordThatCannotBeWrittenFailsTheTest(t *testing.T) {
	v := newVU(t, startServer(t))
	v.module.runDir = "/nonexistent"
	v.cut(soon, `await Promise.all([weir.httpStream(`+slowURL+`), weir.httpStream(`+slowURL+`)]);`)
	require.True(t, v.state.TestStatus.Failed())
	require.Contains(t, v.log.String(), "records cannot be written to WEIR_RUN_DIR")
	require.Len(t, v.taken()["streams"], 2)
}
