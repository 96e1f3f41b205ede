package weir

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// An option that is wrong is an error at the call, in one sentence; a secret is never in it.
func TestRequestErrors(t *testing.T) {
	v := newVU(t, "http://127.0.0.1:1")
	for script, want := range map[string]string{
		`undefined`:                          `request must be an object, got undefined`,
		`5`:                                  `request must be an object, got 5`,
		`[]`:                                 `request must be an object, got an array`,
		`() => 1`:                            `request must be an object, got a function`,
		`request({ a: 1 })`:                  `request.a must not be there: the known keys are method, url, headers, body, rules, timeouts, stallMs, drainMs, name, tags, identity, startedAt, marks, timeline, maxConnections, tls, keep, collectText, cancelAfter, onEvents, got a number`,
		`request({ method: 'PATCH' })`:       `method must be one of GET, POST, PUT, got "PATCH"`,
		`request({ method: null })`:          `method must be one of GET, POST, PUT, got null`,
		`request({ url: undefined })`:        `url must be a string, got undefined`,
		`request({ url: 5 })`:                `url must be a string, got a number`,
		`request({ url: '/SECRET' })`:        `url must be an http or https URL with a host, got a string`,
		`request({ url: 'ws://h/?SECRET' })`: `url must be an http or https URL with a host, got a string`,
		`request({ url: 'http://h/%zz?SECRET' })`:                                    `url must be an http or https URL with a host, got a string`,
		`request({ url: 'http://:80/?SECRET' })`:                                     `url must be an http or https URL with a host, got a string`,
		`request({ headers: [] })`:                                                   `headers must be an object, got an array`,
		`request({ headers: { Authorization: 5 } })`:                                 `headers.Authorization must be a string, got a number`,
		`request({ headers: { Authorization: 'SECRET\r\nX: 1' } })`:                  `headers.Authorization must have no control characters, got some`,
		`request({ headers: { 'a b': 'SECRET' } })`:                                  `headers must have valid names, got one that is not`,
		`request({ body: { secret: 'SECRET' } })`:                                    `body must be a string, got an object`,
		`request({ body: 'x'.repeat(16 * 1024 * 1024 + 1) })`:                        `body must be at most 16 MiB, got 16777217 bytes`,
		`request({ rules: undefined })`:                                              `rules must be an object, got undefined`,
		`request({ rules: { ...rules, delta: 'all' } })`:                             `rules.delta must be one of incremental, cumulative, got "all"`,
		`request({ rules: { ...rules, framing: 'message' } })`:                       `rules.framing must be one of sse, ndjson for HTTP, got "message"`,
		`request({ timeouts: undefined })`:                                           `timeouts must be an object, got undefined`,
		`request({ timeouts: { ...timeouts, idleMs: '30s' } })`:                      `timeouts.idleMs must be a number from 1 to 3600000, got "30s"`,
		`request({ timeouts: { ...timeouts, idleMs: 0 } })`:                          `timeouts.idleMs must be a number from 1 to 3600000, got 0`,
		`request({ timeouts: { ...timeouts, idleMs: 3600001 } })`:                    `timeouts.idleMs must be a number from 1 to 3600000, got 3600001`,
		`request({ timeouts: { ...timeouts, idleMs: NaN } })`:                        `timeouts.idleMs must be a number from 1 to 3600000, got NaN`,
		`request({ timeouts: { ...timeouts, connectMs: undefined } })`:               `timeouts.connectMs must be a number from 1 to 3600000, got undefined`,
		`request({ timeouts: { ...timeouts, x: 1 } })`:                               `timeouts.x must not be there: the known keys are connectMs, headersMs, firstEventMs, idleMs, totalMs, got a number`,
		`request({ stallMs: -1 })`:                                                   `stallMs must be a number from 1 to 3600000, got -1`,
		`request({ drainMs: 60001 })`:                                                `drainMs must be a number from 0 to 60000, got 60001`,
		`request({ name: undefined })`:                                               `name must be a string that is not empty, got undefined`,
		`request({ name: '' })`:                                                      `name must be a string that is not empty, got ""`,
		`request({ tags: { a: 1 } })`:                                                `tags.a must be a string, got a number`,
		`request({ startedAt: 5 })`:                                                  `startedAt must be a number from 1000000000000 to 10000000000000, got 5`,
		`request({ marks: { sent: 1 } })`:                                            `marks.sent must not be there: the known keys are leased, got a number`,
		`request({ marks: { leased: -1 } })`:                                         `marks.leased must be a number from 0 to 3600000, got -1`,
		`request({ timeline: 1 })`:                                                   `timeline must be true or false, got 1`,
		`request({ identity: { ...identity(), id: 5 } })`:                            `identity.id must be a string that is not empty, got 5`,
		`request({ identity: { ...identity(), vu: 1.5 } })`:                          `identity.vu must be a whole number, got 1.5`,
		`request({ identity: { ...identity(), driver: 'buffered' } })`:               `identity.driver must be one of extension, got "buffered"`,
		`request({ identity: { ...identity(), warmup: 'yes' } })`:                    `identity.warmup must be true or false, got "yes"`,
		`request({ identity: { ...identity(), labels: { a: 1 } } })`:                 `identity.labels.a must be a string, got a number`,
		`request({ identity: { ...identity(), prompt: 'SECRET' } })`:                 `identity.prompt must not be there: the known keys are id, run, instance, scenario, vu, iteration, attempt, dialect, driver, account, kind, conversation, turn, step, warmup, labels, got a string`,
		`request({ identity: { ...identity(), account: '` + "x" + `'.repeat(0) } })`: `identity.account must be a string that is not empty, got ""`,
	} {
		var message string
		v.async(`try { await weir.httpStream(`+script+`); } catch (e) {
			return e instanceof Error ? e.message : 'no Error'; }`, &message)
		require.Equal(t, want, message, script)
		require.NotContains(t, message, "SECRET")
	}
	require.Empty(t, v.taken())
}

func TestErrorsAreThrownAtTheCall(t *testing.T) {
	v := newVU(t, "http://127.0.0.1:1")
	require.True(t, v.run(`(() => { try { weir.httpStream({}); return false; } catch (e) { return true; } })()`).ToBoolean())
}

func TestOptionalMembersMayBeUndefined(t *testing.T) {
	v := newVU(t, startServer(t))
	var by string
	v.async(`const nothing = undefined;
		const h = await weir.httpStream(request({ method: nothing, headers: nothing, stallMs: nothing,
			drainMs: nothing, tags: nothing, marks: nothing, timeline: nothing,
			identity: { ...identity(), run: 'r', kind: nothing, turn: 3, labels: { a: 'b' } } }));
		return h.end.by + h.turn + h.labels.a;`, &by)
	require.Equal(t, "complete3b", by)
}

func TestRulesOfOneObjectAreReadOnce(t *testing.T) {
	v := newVU(t, startServer(t))
	v.async(`await weir.httpStream(request()); await weir.httpStream(request());`, nil)
	require.Len(t, v.module.parsed, 1)
	v.async(`for (let i = 0; i < 40; i += 1) await weir.httpStream(request({ rules: { ...rules } }));`, nil)
	require.LessOrEqual(t, len(v.module.parsed), 16)
}
