package weir

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/k6-weir/xk6-weir/internal/record"
)

// startSocketServer speaks: /chat answers each question as it says, /refused is a 403, /slow never
// answers the upgrade.
func startSocketServer(t *testing.T) string {
	upgrader := websocket.Upgrader{Subprotocols: []string{"chat"}}
	mux := http.NewServeMux()
	mux.HandleFunc("/chat", func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, http.Header{
			"Set-Cookie": {"session=1"},
			"X-Seen": {strings.Join([]string{
				r.Host, r.UserAgent(), r.Header.Get("Cookie"), r.Header.Get("Authorization"), r.Header.Get("X-Own"),
			}, "|")},
		})
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		for {
			_, question, err := conn.ReadMessage()
			if err != nil || !answer(conn, string(question)) {
				return
			}
		}
	})
	mux.HandleFunc("/refused", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("X-Many", "1")
		w.Header().Add("X-Many", "2")
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprint(w, `{"code":11201,"message":"no"}`)
	})
	mux.HandleFunc("/slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "http", "ws", 1)
}

// answer is false when the server drops the connection.
func answer(conn *websocket.Conn, question string) bool {
	say := func(text string) bool { return conn.WriteMessage(websocket.TextMessage, []byte(text)) == nil }
	content, done := `{"code":0,"content":"ab","status":1}`, `{"code":0,"content":"","status":2}`
	switch question {
	case "stall":
		return say(content)
	case "close":
		message := websocket.FormatCloseMessage(4001, "busy")
		_ = conn.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Second))
		return false
	case "mute": // and never answers a Close
		conn.SetCloseHandler(func(int, string) error { return nil })
		say(content)
		say(done)
		_, _, _ = conn.ReadMessage()
		_, _ = io.Copy(io.Discard, conn.UnderlyingConn())
		return false
	default:
		return say(content) && say(content) && say(done)
	}
}

// socketPrelude is what the scripts of these tests share.
const socketPrelude = `
const chat = { framing: 'message', answer: ['content'], delta: 'incremental',
	end: [{ path: 'status', is: { equal: 2 } }], error: [{ path: 'code', is: 'non-zero' }],
	errorCode: ['code'], errorMessage: ['message'] };
const opening = (more) => ({ url: url + '/chat?key=SECRET', timeouts, name: 'chat /chat',
	startedAt: weir.now(), identity: identity(), ...more });
const open = (more) => weir.connect(opening(more));
const again = () => ({ rules: chat, startedAt: weir.now(), identity: identity() });
`

func newSocketVU(t *testing.T) *vu {
	v := newVU(t, startSocketServer(t))
	v.run(socketPrelude)
	return v
}

func TestAConnection(t *testing.T) {
	v := newSocketVU(t)
	var seen struct {
		Handshake struct {
			Open        bool
			Status      int
			Headers     map[string]string
			Subprotocol string
			Body        *string
		}
		First, Second record.Observation
		Types         []bool
		Closed        struct {
			Code  int
			Clean bool
		}
	}
	v.async(`
		const c = await open({ subprotocols: ['other', 'chat'], marks: { leased: 0.5 } });
		const first = await c.exchange('hi', { rules: chat });
		const second = await c.exchange('hi', { ...again(), timeline: true });
		weir.emit(first, completed);
		weir.emit(second, completed);
		const closed = await c.close();
		return { handshake: c.handshake, first, second, closed, types: [first.headers.upgrade === 'websocket',
			first.body === undefined, first.error === undefined, first.id !== second.id, first.timeline === undefined] };`, &seen)
	require.True(t, seen.Handshake.Open)
	require.Equal(t, 101, seen.Handshake.Status)
	require.Equal(t, "chat", seen.Handshake.Subprotocol)
	require.Equal(t, "websocket", seen.Handshake.Headers["upgrade"])
	require.Nil(t, seen.Handshake.Body)
	require.NotContains(t, seen.Types, false)
	require.Equal(t, 1000, seen.Closed.Code)
	require.True(t, seen.Closed.Clean)
	for i, o := range []record.Observation{seen.First, seen.Second} {
		require.Equal(t, record.End{By: "complete"}, o.End)
		require.Equal(t, 2, o.Counts.Answer)
		require.Equal(t, 101, o.Status)
		require.Equal(t, i == 1, o.Connection.Reused)
		require.Equal(t, fmt.Sprintf("0.1.2.%d", i), o.ID)
		require.Equal(t, i == 0, o.Marks.Leased != nil)
	}
	require.Len(t, seen.Second.Timeline, 2)
	require.Len(t, v.lines(), 2)
	require.Len(t, v.taken()["stream_ttft"], 2)
}

func TestARefusedUpgrade(t *testing.T) {
	v := newSocketVU(t)
	var seen struct {
		Handshake map[string]any
		H         record.Observation
		Headers   map[string]string
		Body      string
		Closed    map[string]any
	}
	v.async(`const c = await open({ url: url + '/refused' });
		const h = await c.exchange('hi', { rules: chat });
		const { headers, body, ...rest } = JSON.parse(JSON.stringify(h));
		return { handshake: c.handshake, h: rest, headers, body, closed: await c.close() };`, &seen)
	require.Equal(t, false, seen.Handshake["open"])
	require.InDelta(t, 403, seen.Handshake["status"], 0)
	require.Equal(t, `{"code":11201,"message":"no"}`, seen.Handshake["body"])
	require.Equal(t, seen.Handshake["body"], seen.Body)
	require.Equal(t, "1, 2", seen.Headers["x-many"])
	require.NotContains(t, seen.Handshake, "subprotocol")
	require.Equal(t, record.End{By: "refused"}, seen.H.End)
	require.Equal(t, &record.StreamError{Code: "11201", Message: "no", Source: "http"}, seen.H.Error)
	require.Equal(t, 403, seen.H.Status)
	require.Equal(t, map[string]any{"clean": false}, seen.Closed)
}

func TestAConnectionThatIsNotThere(t *testing.T) {
	v := newSocketVU(t)
	v.blacklist("127.0.0.0/8")
	var seen struct {
		Handshake map[string]any
		H         record.Observation
	}
	v.async(`const c = await open(); const { headers, ...h } = await c.exchange('hi', { rules: chat });
		return { handshake: c.handshake, h };`, &seen)
	require.Equal(t, map[string]any{"open": false, "headers": map[string]any{}}, seen.Handshake)
	require.Equal(t, "refused", seen.H.End.By)
	require.Contains(t, seen.H.Error.Message, "blacklisted range")
	require.NotContains(t, seen.H.Error.Message, "SECRET")
}

func TestHowAnExchangeCanEndForAScript(t *testing.T) {
	v := newSocketVU(t)
	for script, want := range map[string]string{
		`c.exchange('hi', { rules: chat, close: true })`:                    `{"by":"complete","closeCode":1000}`,
		`c.exchange('mute', { rules: chat, close: true })`:                  `{"by":"complete"}`,
		`c.exchange('close', { rules: chat })`:                              `{"by":"close","closeCode":4001}`,
		`c.exchange('stall', { rules: chat, cancelAfter: { events: 1 } })`:  `{"by":"cancelled"}`,
		`c.exchange('stall', { rules: chat, cancelAfter: { ms: 20 } })`:     `{"by":"cancelled"}`,
		`c.close().then(() => c.exchange('hi', { rules: chat }))`:           `{"by":"close","closeCode":1000}`,
		`c.close(3000, 'bye').then(() => c.exchange('', { rules: chat }))`:  `{"by":"close","closeCode":3000}`,
		`c.exchange('hi', { rules: chat, ...again(), stallMs: undefined })`: `{"by":"complete"}`,
	} {
		var got map[string]any
		v.async(`const c = await open(); return (await `+script+`).end;`, &got)
		text, _ := json.Marshal(got)
		require.JSONEq(t, want, string(text), script)
	}
}

func TestAnExchangeKeepsAndTells(t *testing.T) {
	v := newSocketVU(t)
	var seen struct {
		Kinds, Kept []string
		Text        string
	}
	v.async(`const c = await open();
		const kinds = [];
		const h = await c.exchange('hi', { rules: chat, keep: 'all', collectText: true, close: true,
			onEvents: (frames) => kinds.push(...frames.map(({ kind }) => kind)) });
		return { kinds, kept: h.frames.map(({ kind }) => kind), text: h.text };`, &seen)
	require.NotEmpty(t, seen.Kinds)
	require.Equal(t, seen.Kept, seen.Kinds)
	require.Contains(t, seen.Kinds, "answer")
	require.Equal(t, "end", seen.Kinds[len(seen.Kinds)-1])
	require.NotEmpty(t, seen.Text)
}

// Two connections to a host that may have one: the second waits until the first is closed.
func TestMaxConnectionsOfSockets(t *testing.T) {
	v := newSocketVU(t)
	var seen []record.Observation
	v.async(`const all = await Promise.all([1, 2].map(async () => {
			const c = await open({ maxConnections: 1 });
			return c.exchange('hi', { rules: chat, close: true });
		}));
		return all.map(({ headers, frames, framesDropped, ...h }) => h);`, &seen)
	require.Len(t, seen, 2)
	first, second := seen[0], seen[1]
	if *first.Marks.SlotFree > *second.Marks.SlotFree {
		first, second = second, first
	}
	require.Equal(t, "complete", first.End.By)
	require.Equal(t, "complete", second.End.By)
	require.GreaterOrEqual(t, second.StartedAt+*second.Marks.SlotFree, first.StartedAt+*first.Marks.Complete)

	var waited record.Observation
	v.async(`const c = await open({ maxConnections: 1 });
		const late = await open({ maxConnections: 1, timeouts: { ...timeouts, totalMs: 50 } });
		const { headers, frames, framesDropped, ...h } = await late.exchange('hi', { rules: chat });
		await c.close();
		return h;`, &waited)
	require.Equal(t, record.End{By: "timeout", Timeout: "total"}, waited.End)
	require.Nil(t, waited.Marks.SlotFree)
}

func TestAnExchangeWhoseScriptThrows(t *testing.T) {
	v := newSocketVU(t)
	var seen string
	v.async(`const c = await open();
		try {
			await c.exchange('stall', { rules: chat, onEvents: () => { throw new Error('mine'); } });
		} catch (e) { return String(e); }`, &seen)
	require.Equal(t, "Error: mine", seen)
}

func TestWhatAnUpgradeCarries(t *testing.T) {
	v := newSocketVU(t)
	host := strings.TrimPrefix(v.run(`url`).String(), "ws://")
	var seen []string
	v.async(`const seen = [];
		const headers = { 'X-Own': 'x', host: 'other.example', 'User-Agent': 'me' };
		for (const more of [{}, { headers }, { url: url.replace('//', '//u:p@') + '/chat' }]) {
			seen.push((await open(more)).handshake.headers['x-seen']);
		}
		return seen;`, &seen)
	require.Equal(t, []string{
		host + "|k6-test|||", "other.example|me|session=1||x", host + "|k6-test|session=1|Basic dTpw|",
	}, seen)
	require.Positive(t, atomic.LoadInt64(&v.dialer().BytesRead))
	require.Positive(t, atomic.LoadInt64(&v.dialer().BytesWritten))
}

func TestConnectErrors(t *testing.T) {
	v := newSocketVU(t)
	for script, want := range map[string]string{
		`weir.connect()`:                                                               `request must be an object, got undefined`,
		`open({ body: '' })`:                                                           `request.body must not be there: the known keys are url, headers, subprotocols, timeouts, name, tags, identity, startedAt, marks, maxMessageBytes, maxConnections, tls, got a string`,
		`open({ url: 'http://h/SECRET' })`:                                             `url must be a ws or wss URL with a host and no fragment, got a string`,
		`open({ url: 'ws://h/#SECRET' })`:                                              `url must be a ws or wss URL with a host and no fragment, got a string`,
		`open({ url: 5 })`:                                                             `url must be a string, got a number`,
		`open({ name: undefined })`:                                                    `name must be a string that is not empty, got undefined`,
		`open({ headers: { Upgrade: 'SECRET' } })`:                                     `headers.Upgrade must not be there: it belongs to the upgrade, got a string`,
		`open({ headers: { 'sec-websocket-protocol': 'SECRET' } })`:                    `headers.Sec-Websocket-Protocol must not be there: it belongs to the upgrade, got a string`,
		`open({ subprotocols: 'chat' })`:                                               `subprotocols must be an array of strings, got "chat"`,
		`open({ subprotocols: ['a', 'a'] })`:                                           `subprotocols must be an array of different names, got one that is not`,
		`open({ subprotocols: ['a b'] })`:                                              `subprotocols must be an array of different names, got one that is not`,
		`open({ subprotocols: [5] })`:                                                  `subprotocols must be an array of different names, got one that is not`,
		`open({ maxMessageBytes: 0 })`:                                                 `maxMessageBytes must be a number from 1 to 67108864, got 0`,
		`open({ timeouts: {} })`:                                                       `timeouts.connectMs must be a number from 1 to 3600000, got undefined`,
		`open({ startedAt: undefined })`:                                               `startedAt must be a number from 1000000000000 to 10000000000000, got undefined`,
		`open({ maxConnections: 0 })`:                                                  `maxConnections must be a number from 1 to 1000000, got 0`,
		`open({ tls: { ca: 'SECRET' } })`:                                              `tls.ca must hold a certificate as PEM text, got none`,
		`c.exchange()`:                                                                 `message must be a string, got undefined`,
		`c.exchange({})`:                                                               `message must be a string, got an object`,
		`c.exchange('x'.repeat(16 * 1024 * 1024 + 1), { rules: chat })`:                `message must be at most 16 MiB, got 16777217 bytes`,
		`c.exchange('hi')`:                                                             `options must be an object, got undefined`,
		`c.exchange('hi', {})`:                                                         `rules must be an object, got undefined`,
		`c.exchange('hi', { rules })`:                                                  `rules.framing must be "message" for a WebSocket, got "sse"`,
		`c.exchange('hi', { rules: chat, close: 1 })`:                                  `close must be true or false, got 1`,
		`c.exchange('hi', { rules: chat, cancelAfter: {} })`:                           `cancelAfter must hold events or ms, got an object`,
		`c.exchange('hi', { rules: chat, cancelAfter: { events: 0 } })`:                `cancelAfter.events must be a number from 1 to 2147483648, got 0`,
		`c.exchange('hi', { rules: chat, cancelAfter: { events: 1.5 } })`:              `cancelAfter.events must be a whole number, got 1.5`,
		`c.exchange('hi', { rules: chat, keep: 'some' })`:                              `keep must be one of control, all, none, got "some"`,
		`c.exchange('hi', { rules: chat, onEvents: 1 })`:                               `onEvents must be a function, got 1`,
		`(await c.exchange('hi', { rules: chat }), c.exchange('hi', { rules: chat }))`: `identity must be an object, got undefined`,
		`(await c.exchange('hi', { rules: chat }), c.exchange('hi', { ...again(), startedAt: undefined }))`: `startedAt must be a number from 1000000000000 to 10000000000000, got undefined`,
		`(c.exchange('hi', again()), c.exchange('hi', again()))`:                                            `exchange must not be called while another one of the connection runs`,
		`c.close(1001)`:                 `code must be 1000 or a whole number from 3000 to 4999, got 1001`,
		`c.close(3000.5)`:               `code must be 1000 or a whole number from 3000 to 4999, got 3000.5`,
		`c.close('1000')`:               `code must be a number from 1000 to 4999, got "1000"`,
		`c.close(1000, 'é'.repeat(62))`: `reason must be at most 123 bytes, got 124 bytes`,
		`c.close(1000, '', -1)`:         `waitMs must be a number from 0 to 60000, got -1`,
	} {
		var message string
		v.async(`const c = await open();
			try { await `+script+`; } catch (e) { return e instanceof Error ? e.message : 'no Error'; } return '';`, &message)
		require.Equal(t, want, message, script)
		require.NotContains(t, message, "SECRET")
	}
	_, err := newInitVU(t, t.TempDir()).RunOnEventLoop(`weir.connect({})`)
	require.ErrorContains(t, err, "connect must be called in an iteration, not while initialising")
}

// Rules that were compiled for one transport are checked again for the other.
func TestRulesOfTheOtherTransport(t *testing.T) {
	v := newSocketVU(t)
	var message string
	v.async(`const c = await open(); await c.exchange('hi', { rules: chat });
		try { weir.httpStream(request({ url: 'http://h/', rules: chat })); } catch (e) { return e.message; }`, &message)
	require.Contains(t, message, "rules.framing must be one of sse, ndjson for HTTP")
}

func TestAConnectionBelongsToItsIteration(t *testing.T) {
	v := newSocketVU(t)
	v.async(`globalThis.kept = await open(); await kept.exchange('hi', { rules: chat });`, nil)
	kept := v.module.sockets.open
	require.Len(t, kept, 1)
	v.nextIteration()
	for _, call := range []string{`kept.exchange('hi', again())`, `kept.close()`} {
		var message string
		v.async(`try { await `+call+`; } catch (e) { return e.message; }`, &message)
		require.Equal(t, "a connection must be used in the iteration that opened it", message)
	}
	v.taken()
	v.async(`await open();`, nil)
	require.Len(t, v.module.sockets.open, 1, "the forgotten one is closed")
	require.Len(t, v.taken()["ws_session_duration"], 1)
}

func TestSocketsCutWithTheirIterationAreCounted(t *testing.T) {
	for name, row := range map[string]struct {
		script string
		ends   []string
	}{
		"while connecting": {`await Promise.all([open({ url: url + '/slow' }), open({ url: url + '/slow' })])`,
			[]string{"interrupted", "interrupted"}},
		"in an exchange": {`const c = await open(); await c.exchange('stall', { rules: chat })`,
			[]string{"interrupted"}},
		"open, while another stream is cut": {`await open(); await open({ url: url + '/slow' })`,
			[]string{"interrupted", "interrupted"}},
		"refused, while another stream is cut": {`await open({ url: url + '/refused' }); await open({ url: url + '/slow' })`,
			[]string{"refused", "interrupted"}},
		"over and not emitted": {`const c = await open(); await c.exchange('hi', { rules: chat }); for (;;);`,
			[]string{"complete"}},
		"while closing": {`const c = await open(); await c.exchange('mute', { rules: chat }); await c.close(1000, '', 60000)`,
			[]string{"complete"}},
		"emitted": {`const c = await open(); weir.emit(await c.exchange('hi', { rules: chat }), completed);
			await c.exchange('stall', again())`, []string{"complete", "interrupted"}},
	} {
		t.Run(name, func(t *testing.T) {
			v := newSocketVU(t)
			v.cut(2*soon, row.script+`;`)
			ends := map[string]int{}
			for _, line := range v.lines() {
				ends[line.End.By]++
				if name != "emitted" {
					require.Equal(t, "interrupted", line.Outcome)
				}
			}
			want := map[string]int{}
			for _, end := range row.ends {
				want[end]++
			}
			require.Equal(t, want, ends)
			samples := v.taken()
			require.Len(t, samples["streams"], len(row.ends))
			require.NotEmpty(t, samples["ws_sessions"])
		})
	}
}

func TestSocketSamplesAreThoseOfK6(t *testing.T) {
	tags := func(more map[string]string) map[string]string {
		all := map[string]string{"scenario": "s1", "name": "chat /chat", "url": "chat /chat", "mine": "x"}
		for name, value := range more {
			all[name] = value
		}
		return all
	}
	for name, row := range map[string]struct {
		script   string
		tags     map[string]string
		sent     float64
		received float64
		session  bool
	}{
		"an exchange": {
			`const c = await open({ tags: { mine: 'x' }, subprotocols: ['chat'] });
			await c.exchange('hi', { rules: chat }); await c.exchange('hi', again()); await c.close()`,
			tags(map[string]string{"status": "101", "subproto": "chat", "ip": "127.0.0.1"}), 2, 6, true,
		},
		"an exchange that closes": {
			`const c = await open({ tags: { mine: 'x' } }); await c.exchange('hi', { rules: chat, close: true })`,
			tags(map[string]string{"status": "101", "ip": "127.0.0.1"}), 1, 3, true,
		},
		"a refusal": {
			`const c = await open({ url: url + '/refused', tags: { mine: 'x' } }); await c.exchange('hi', { rules: chat })`,
			tags(map[string]string{"status": "403", "ip": "127.0.0.1"}), 0, 0, false,
		},
		"no connection": {
			`const c = await open({ url: 'ws://127.0.0.1:1/SECRET', tags: { mine: 'x' } }); await c.exchange('hi', { rules: chat })`,
			tags(nil), 0, 0, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := newSocketVU(t)
			v.async(row.script+`;`, nil)
			samples := v.taken()
			sum := func(metric string) (total float64) {
				for _, sample := range samples[metric] {
					require.Equal(t, row.tags, sample.Tags.Map(), metric)
					total += sample.Value
				}
				return total
			}
			require.InDelta(t, 1, sum("ws_sessions"), 0)
			require.Len(t, samples["ws_connecting"], 1)
			require.Positive(t, sum("ws_connecting"))
			require.InDelta(t, row.sent, sum("ws_msgs_sent"), 0)
			require.InDelta(t, row.received, sum("ws_msgs_received"), 0)
			require.Equal(t, row.session, len(samples["ws_session_duration"]) == 1)
			require.GreaterOrEqual(t, sum("ws_session_duration"), 0.0)
		})
	}
}
