package exchange

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.k6.io/k6/v2/lib/netext"
)

const kernelStamps = runtime.GOOS == "linux"

func needsKernelStamps(t *testing.T) {
	if !kernelStamps {
		t.Skip("the kernel gives no arrival stamps here")
	}
}

// pair is a connection as a transport dials it, through k6's dialer, and its other end.
func pair(t *testing.T) (*conn, *netext.Dialer, net.Conn) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	dialer := netext.NewDialer(net.Dialer{}, nil)
	dialled, err := dialer.DialContext(t.Context(), "tcp", listener.Addr().String())
	require.NoError(t, err)
	peer, err := listener.Accept()
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	t.Cleanup(func() { _ = dialled.Close(); _ = peer.Close() })
	return newConn(dialled), dialer, peer
}

// A reader that is busy when bytes come still reports when they came. The peer's clock is ours.
func TestABusyReaderReportsTheArrival(t *testing.T) {
	needsKernelStamps(t)
	const busy = 50 * time.Millisecond
	certificate := httptest.NewUnstartedServer(nil)
	certificate.StartTLS()
	defer certificate.Close()
	for _, name := range []string{"plain", "TLS"} {
		t.Run(name, func(t *testing.T) {
			c, _, peer := pair(t)
			reader, writer := net.Conn(c), peer
			if name == "TLS" {
				reader = tls.Client(c, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // a test
				writer = tls.Server(peer, certificate.TLS)
				go func() { _ = writer.(*tls.Conn).Handshake() }()
				require.NoError(t, reader.(*tls.Conn).Handshake())
			}
			buffer := make([]byte, 64)
			for range 5 {
				wrote := time.Now()
				_, err := writer.Write([]byte("hello"))
				require.NoError(t, err)
				time.Sleep(busy)
				_, err = reader.Read(buffer)
				require.NoError(t, err)
				byUser := time.Since(wrote)
				came := c.arrival()
				require.True(t, came.kernel)
				require.GreaterOrEqual(t, byUser, busy)
				require.GreaterOrEqual(t, came.at.Sub(wrote), -time.Microsecond)
				require.Less(t, came.at.Sub(wrote), byUser/5)
			}
		})
	}
}

// slowBodies is a transport whose answers are read late, each time.
type slowBodies struct {
	http.RoundTripper
	pause time.Duration
}

type slowBody struct {
	io.ReadCloser
	pause time.Duration
}

func (s slowBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := s.RoundTripper.RoundTrip(r)
	if err == nil {
		response.Body = &slowBody{response.Body, s.pause}
	}
	return response, err
}

func (s *slowBody) Read(b []byte) (int, error) {
	time.Sleep(s.pause)
	return s.ReadCloser.Read(b)
}

func TestMarksOfABusyProcess(t *testing.T) {
	needsKernelStamps(t)
	const busy = 60 * time.Millisecond
	writes := make(chan time.Time, 1)
	p := startPeer(t, func(s *session) {
		s.request()
		s.send(okHead)
		time.Sleep(busy / 4)
		writes <- time.Now()
		s.chunk(answer)
		s.chunk(done)
		s.endOfBody()
		s.waitClosed()
	})
	seen := Do(context.Background(), slowBodies{newTransport(t), busy}, newRequest(t, p.url())).Seen
	require.Equal(t, "complete", seen.End.By)
	require.Equal(t, "kernel", seen.Clock)
	delay := *seen.Marks.FirstContent - (float64((<-writes).UnixMicro())/1000 - seen.StartedAt)
	require.Greater(t, delay, -0.01)
	require.Less(t, delay, float64(busy.Milliseconds())/4)
	require.Greater(t, seen.Marks.End, *seen.Marks.FirstContent+delay)
}

// What arrives while nobody reads is one read, of the last arrival.
func TestSegmentsReadTogetherShareTheLastArrival(t *testing.T) {
	needsKernelStamps(t)
	c, _, peer := pair(t)
	var last time.Time
	for range 3 {
		time.Sleep(20 * time.Millisecond)
		last = time.Now()
		_, _ = peer.Write([]byte("segment"))
	}
	time.Sleep(50 * time.Millisecond)
	n, err := c.Read(make([]byte, 64))
	require.NoError(t, err)
	require.Equal(t, 21, n)
	require.GreaterOrEqual(t, c.arrival().at.Sub(last), -time.Microsecond)
	require.Less(t, c.arrival().at.Sub(last), 25*time.Millisecond)
}

func TestReadsThroughTheSocketAllocateNothing(t *testing.T) {
	needsKernelStamps(t)
	c, _, peer := pair(t)
	_, err := peer.Write(make([]byte, 4096))
	require.NoError(t, err)
	buffer := make([]byte, 8)
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = c.Read(buffer) }))
}

// k6 goes on counting, and reads end as those of any connection do.
func TestReadsBehaveAsEver(t *testing.T) {
	c, dialer, peer := pair(t)
	_, _ = peer.Write([]byte("12345"))
	buffer := make([]byte, 3)
	n, err := io.ReadFull(c, buffer)
	require.NoError(t, err)
	require.Equal(t, "123", string(buffer[:n]))
	n, err = c.Read(nil)
	require.NoError(t, err)
	require.Zero(t, n)
	_, _ = io.ReadFull(c, buffer[:2])
	require.Equal(t, int64(5), dialer.BytesRead)
	_, _ = c.Write([]byte("1234567"))
	require.Equal(t, int64(7), dialer.BytesWritten)

	require.NoError(t, c.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
	_, err = c.Read(buffer)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	require.True(t, timeout.Timeout())
	require.True(t, strings.HasPrefix(err.Error(), "read tcp "), err.Error())

	require.NoError(t, c.SetReadDeadline(time.Time{}))
	require.NoError(t, peer.Close())
	_, err = c.Read(buffer)
	if err != io.EOF { //nolint:errorlint // callers compare it bare
		require.ErrorContains(t, err, "connection reset by peer")
	}
	require.NoError(t, c.Close())
	_, err = c.Read(buffer)
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestAResetIsOne(t *testing.T) {
	c, _, peer := pair(t)
	_ = peer.(*net.TCPConn).SetLinger(0)
	_ = peer.Close()
	_, err := c.Read(make([]byte, 1))
	require.Equal(t, "connection reset by peer", shortly(err))
}

func TestCloseUnblocksARead(t *testing.T) {
	c, _, _ := pair(t)
	time.AfterFunc(20*time.Millisecond, func() { _ = c.Close() })
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, net.ErrClosed)
}

// A dialer of another extension may return what is no TCP connection.
func TestAConnectionWithoutASocketIsStampedByTheProcess(t *testing.T) {
	ours, theirs := net.Pipe()
	c := newConn(ours)
	go func() { _, _ = theirs.Write([]byte("x")) }()
	before := time.Now()
	_, err := c.Read(make([]byte, 1))
	require.NoError(t, err)
	require.False(t, c.arrival().kernel)
	require.False(t, c.arrival().at.Before(before))
	_, _ = ours.Close(), theirs.Close()
}
