package weir

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k6-weir/xk6-weir/internal/record"
)

func TestExtrasAreChecked(t *testing.T) {
	v := newVU(t, "http://127.0.0.1:1")
	for script, want := range map[string]string{
		`{ keep: 'some' }`:                  `keep must be one of control, all, none, got "some"`,
		`{ collectText: 'yes' }`:            `collectText must be a number from 1 to 16777216, got "yes"`,
		`{ collectText: 0 }`:                `collectText must be a number from 1 to 16777216, got 0`,
		`{ cancelAfter: 5 }`:                `cancelAfter must be an object, got 5`,
		`{ cancelAfter: {} }`:               `cancelAfter must hold events or ms, got an object`,
		`{ cancelAfter: { events: 0 } }`:    `cancelAfter.events must be a number from 1 to 2147483648, got 0`,
		`{ cancelAfter: { ms: '1s' } }`:     `cancelAfter.ms must be a number from 1 to 3600000, got "1s"`,
		`{ cancelAfter: { chunks: 1 } }`:    `cancelAfter.chunks must not be there: the known keys are events, ms, got a number`,
		`{ onEvents: { handle: () => {} }}`: `onEvents must be a function, got an object`,
	} {
		var message string
		v.async(`try { await weir.httpStream(request(`+script+`)); } catch (e) { return e.message; }`, &message)
		require.Equal(t, want, message)
	}
}

func TestFramesAndTextOfAHandle(t *testing.T) {
	v := newVU(t, startServer(t))
	type frame struct {
		Event, Data, Kind string
		At                float64
	}
	for script, want := range map[string]struct {
		kinds, text string
	}{
		`{}`:                                 {"end", "undefined"},
		`{ keep: 'all', collectText: true }`: {"answer,answer,answer,end", "ababab"},
		`{ keep: 'none', collectText: 3 }`:   {"", "aba"},
		`{ keep: undefined, collectText: false, cancelAfter: undefined, onEvents: undefined }`: {"end", "undefined"},
	} {
		var seen struct {
			Frames  []frame
			Kinds   string
			Text    string
			Dropped int
			Same    bool
			End     float64
		}
		v.async(`const h = await weir.httpStream(request(`+script+`));
			return { frames: h.frames, kinds: h.frames.map((f) => f.kind).join(), text: String(h.text),
				dropped: h.framesDropped, same: h.frames === h.frames, end: h.marks.end };`, &seen)
		require.Equal(t, want.kinds, seen.Kinds, script)
		require.Equal(t, want.text, seen.Text, script)
		require.Zero(t, seen.Dropped)
		require.True(t, seen.Same)
		if n := len(seen.Frames); n > 0 {
			last := seen.Frames[n-1]
			require.Equal(t, frame{"message", "[DONE]", "end", last.At}, last)
			require.LessOrEqual(t, last.At, seen.End)
			require.Positive(t, last.At)
		}
	}
}

func TestCancelAfter(t *testing.T) {
	v := newVU(t, startServer(t))
	for script, content := range map[string]int{
		`{ url: url + '/many', cancelAfter: { events: 2 } }`:       2,
		`{ url: url + '/slow', cancelAfter: { ms: 60 } }`:          1,
		`{ url: url + '/silent', cancelAfter: { ms: 60 } }`:        0,
		`{ url: url + '/ok', cancelAfter: { events: 9, ms: 5e3 }}`: 3,
	} {
		started := time.Now()
		var seen record.Observation
		v.async(`const { headers, frames, ...h } = await weir.httpStream(request(`+script+`)); return h;`, &seen)
		require.Less(t, time.Since(started), 5*time.Second, script)
		require.Equal(t, content, seen.Counts.Answer, script)
		if content == 3 {
			require.Equal(t, record.End{By: "complete"}, seen.End)
			continue
		}
		require.Equal(t, record.End{By: "cancelled"}, seen.End, script)
		require.Nil(t, seen.Error)
		require.Nil(t, seen.Marks.Complete)
		if content < 2 {
			require.GreaterOrEqual(t, seen.Marks.End-*firstOf(seen.Marks.Sent, new(float64)), 55.0, script)
		}
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

// All calls are over when the promise settles, in the order of the stream, and their frames too.
func TestOnEvents(t *testing.T) {
	v := newVU(t, startServer(t))
	var seen struct {
		Texts  []string
		Bursts int
		Kinds  string
		Grows  bool
		Kept   int
	}
	for range 20 {
		v.async(`
			const all = []; let bursts = 0;
			const h = await weir.httpStream(request({ url: url + '/many', keep: 'none',
				onEvents: (frames) => { bursts += 1; all.push(...frames); } }));
			return { texts: all.slice(0, -1).map((f) => JSON.parse(f.data).text), bursts, kept: h.frames.length,
				kinds: [...new Set(all.map((f) => f.kind + '/' + f.event))].join(),
				grows: all.every((f, i) => i === 0 || f.at >= all[i - 1].at) };`, &seen)
		require.Len(t, seen.Texts, 200)
		for i, text := range seen.Texts {
			require.Equal(t, fmt.Sprint(i), text)
		}
		require.Equal(t, "answer/message,end/message", seen.Kinds)
		require.True(t, seen.Grows)
		require.Positive(t, seen.Bursts)
		require.Zero(t, seen.Kept)
	}
}

// Streams of one iteration do not wait for each other's callbacks.
func TestOnEventsOfManyStreams(t *testing.T) {
	v := newVU(t, startServer(t))
	var counts []int
	v.async(`return Promise.all([...Array(10)].map(async () => {
		let n = 0;
		await weir.httpStream(request({ url: url + '/many', onEvents: (frames) => { n += frames.length; } }));
		return n; }));`, &counts)
	require.Len(t, counts, 10)
	for _, n := range counts {
		require.Equal(t, 201, n)
	}
}

// The exception comes out of the promise; the stream is stopped and counted.
func TestAnExceptionOfOnEvents(t *testing.T) {
	v := newVU(t, startServer(t))
	var seen []any
	v.async(`let calls = 0; const mine = new Error('mine');
		try { await weir.httpStream(request({ url: url + '/slow', onEvents: () => { calls += 1; throw mine; } })); }
		catch (e) { return [e === mine, calls]; }`, &seen)
	require.Equal(t, []any{true, 1.0}, seen)
	require.Len(t, v.lines(), 1)
	require.Equal(t, "interrupted", v.lines()[0].Outcome)
	require.Equal(t, "interrupted", v.lines()[0].End.By)
	require.Len(t, v.taken()["streams"], 1)
}

func TestAnExceptionOfOnEventsThatNobodyAwaits(t *testing.T) {
	v := newVU(t, startServer(t))
	_, err := v.RunOnEventLoop(`weir.httpStream(request({ url: url + '/slow', onEvents: () => { throw new Error('mine'); } }));`)
	require.ErrorContains(t, err, "mine")
	require.Len(t, v.lines(), 1)
}

func TestOnEventsOfAnIterationThatIsCut(t *testing.T) {
	v := newVU(t, startServer(t))
	v.cut(soon, `let n = 0;
		await weir.httpStream(request({ url: url + '/slow', onEvents: () => { n += 1; for (;;) ; } }));`)
	require.Len(t, v.lines(), 1)
	require.Equal(t, "interrupted", v.lines()[0].Outcome)
	v.nextIteration()
	v.async(`await weir.httpStream(request({ onEvents: () => {} }));`, nil)
}

// A script slower than its stream holds the stream up instead of filling the memory.
func TestASlowOnEvents(t *testing.T) {
	v := newVU(t, startServer(t))
	var seen []int
	v.async(`let n = 0;
		const h = await weir.httpStream(request({ url: url + '/large', onEvents: (frames) => {
			n += frames.length; const until = Date.now() + 20; while (Date.now() < until) ; } }));
		return [n, h.counts.answer];`, &seen)
	require.Equal(t, []int{13, 12}, seen)
}

func startOptionServer(mux *http.ServeMux, head func(http.ResponseWriter)) {
	mux.HandleFunc("/many", func(w http.ResponseWriter, _ *http.Request) {
		head(w)
		for i := range 200 {
			_, _ = fmt.Fprintf(w, "data: {\"text\":\"%d\"}\n\n", i)
			if i%7 == 0 {
				w.(http.Flusher).Flush()
			}
		}
		_, _ = fmt.Fprint(w, "data: [DONE]\n\n")
	})
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) {
		head(w)
		for range 12 {
			_, _ = fmt.Fprintf(w, "data: {\"text\":\"%s\"}\n\n", strings.Repeat("x", 400_000))
			w.(http.Flusher).Flush()
		}
		_, _ = fmt.Fprint(w, "data: [DONE]\n\n")
	})
	mux.HandleFunc("/silent", func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server looks whether the client is gone
		<-r.Context().Done()
	})
}
