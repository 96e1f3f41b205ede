package exchange

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptrace"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k6-weir/xk6-weir/internal/record"
)

// newTestTrace has a connection that leads nowhere.
func newTestTrace(t *testing.T) (*trace, *conn) {
	near, far := net.Pipe()
	t.Cleanup(func() { _ = near.Close(); _ = far.Close() })
	_, cancel := context.WithCancelCause(context.Background())
	w := startWatch(cancel, generous)
	t.Cleanup(w.stop)
	return &trace{watch: w}, &conn{Conn: near}
}

func (t *trace) marks() record.Marks {
	var seen record.Observation
	t.into(&seen, clock{started: processStart}, nil)
	return seen.Marks
}

func TestADialGivenUpForAFreeConnectionLeavesNoMarks(t *testing.T) {
	for name, late := range map[string]bool{"before the other is got": false, "after it": true} {
		t.Run(name, func(t *testing.T) {
			tr, c := newTestTrace(t)
			dial := func() {
				tr.connectDone("tcp", "", nil)
				tr.handshakeDone(tls.ConnectionState{}, nil)
			}
			tr.getConn("")
			if !late {
				dial()
			}
			tr.gotConn(httptrace.GotConnInfo{Conn: c, Reused: true})
			if late {
				dial()
				tr.handshakeDone(tls.ConnectionState{}, errors.New("given up"))
			}
			require.Nil(t, tr.marks().Connected)
			require.Nil(t, tr.marks().TLS)
			require.Equal(t, record.EndReset, tr.failure(nil, errors.New("x")).end.By)
		})
	}
}

func TestTheMarksAreThoseOfTheLastTry(t *testing.T) {
	tr, c := newTestTrace(t)
	tr.getConn("")
	tr.gotConn(httptrace.GotConnInfo{Conn: c, Reused: true})
	c.lastWrite.Store(processNow())
	tr.roundTripOver(true)
	require.NotNil(t, tr.marks().Sent)
	tr.getConn("")
	tr.roundTripOver(true)
	require.Nil(t, tr.marks().Sent)
	tr.connectDone("tcp", "", nil)
	tr.gotConn(httptrace.GotConnInfo{Conn: c})
	require.NotNil(t, tr.marks().Connected)
	require.False(t, tr.reused)
}

func TestSentIsTheLastWriteOfTheRoundTrip(t *testing.T) {
	at := func(ms int) int64 { return processNow() + int64(ms)*int64(time.Millisecond) }
	tr, c := newTestTrace(t)
	c.lastWrite.Store(at(-1))
	tr.getConn("")
	tr.gotConn(httptrace.GotConnInfo{Conn: c})
	tr.roundTripOver(true)
	require.Nil(t, tr.marks().Sent, "nothing was written")
	written := at(1)
	c.lastWrite.Store(written)
	tr.roundTripOver(false)
	require.Nil(t, tr.marks().Sent, "the round trip failed before all was written")
	tr.roundTripOver(true)
	require.InDelta(t, float64(written)/1e6, *tr.marks().Sent, 0.001)
	c.lastWrite.Store(at(9))
	require.InDelta(t, float64(written)/1e6, *tr.marks().Sent, 0.001, "another exchange writes by now")
}

// The hook of a request that is written may come late. It must not bring the headers timer back.
func TestALateHookChangesNothing(t *testing.T) {
	tr, c := newTestTrace(t)
	tr.getConn("")
	tr.gotConn(httptrace.GotConnInfo{Conn: c})
	tr.roundTripOver(true)
	tr.watch.awaitEvent()
	phase := tr.watch.phase
	tr.wroteRequest(httptrace.WroteRequestInfo{})
	require.Same(t, phase, tr.watch.phase)
}

func TestNoTimerIsLeftOver(t *testing.T) {
	p := startPeer(t, func(s *session) {
		s.request()
		s.send(okHead)
		s.chunk(answer + done)
		s.endOfBody()
		s.waitClosed()
	})
	x := newExchange(context.Background(), newRequest(t, p.url()))
	require.Equal(t, "complete", x.do(newTransport(t)).Seen.End.By)
	for name, timer := range map[string]*time.Timer{"phase": x.watch.phase, "idle": x.watch.idle, "total": x.watch.total} {
		require.False(t, timer.Stop(), name)
	}
	require.Error(t, x.own.Err())
}
