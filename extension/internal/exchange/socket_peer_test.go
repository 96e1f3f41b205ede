package exchange

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/k6-weir/xk6-weir/internal/record"
	"github.com/k6-weir/xk6-weir/internal/rules"
)

// The peer of the WebSocket tests is written by hand: gorilla's cannot misbehave.

const socketRules = `{"framing":"message","answer":["content"],"delta":"incremental",
	"end":[{"path":"status","is":{"equal":2}}],"error":[{"path":"code","is":"non-zero"}],
	"errorCode":["code"],"errorMessage":["message"]}`

const (
	wsAnswer = `{"code":0,"content":"ab","status":1}`
	wsDone   = `{"code":0,"content":"","status":2}`
	wsError  = `{"code":11202,"message":"licc limit"}`
)

// upgrade answers the handshake; false when the client is gone.
func (s *session) upgrade(headers ...string) bool {
	request, err := http.ReadRequest(s.reader)
	if err != nil {
		return false
	}
	s.peer.requests.Add(1)
	s.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n" +
		strings.Join(append(headers, ""), "\r\n") +
		"Sec-WebSocket-Accept: " + acceptance(request.Header.Get("Sec-WebSocket-Key")) + "\r\n\r\n")
	return true
}

// frame is one frame as a server sends it. The first byte is written as given, to allow nonsense.
func frame(head byte, payload string) string {
	b := []byte{head}
	switch {
	case len(payload) < 126:
		b = append(b, byte(len(payload)))
	case len(payload) < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 126), uint16(len(payload)))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 127), uint64(len(payload)))
	}
	return string(append(b, payload...))
}

func text(payload string) string { return frame(0x81, payload) }

func closeFrame(code int, reason string) string {
	return frame(0x88, string(binary.BigEndian.AppendUint16(nil, uint16(code)))+reason)
}

// receive reads one frame of the client, unmasked; ok is false when it is gone.
func (s *session) receive() (opcode byte, payload string, ok bool) {
	var head [2]byte
	if _, err := io.ReadFull(s.reader, head[:]); err != nil {
		return 0, "", false
	}
	size := uint64(head[1] & 0x7f)
	switch size {
	case 126:
		var b [2]byte
		_, _ = io.ReadFull(s.reader, b[:])
		size = uint64(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		_, _ = io.ReadFull(s.reader, b[:])
		size = binary.BigEndian.Uint64(b[:])
	}
	masked := make([]byte, 4+size)
	if _, err := io.ReadFull(s.reader, masked); err != nil || head[1]&0x80 == 0 || head[0]&0x80 == 0 {
		return 0, "", false
	}
	for i := range masked[4:] {
		masked[4+i] ^= masked[i%4]
	}
	return head[0] & 0xf, string(masked[4:]), true
}

// awaitClose reads to the client's Close and gives its code; 0 when it is gone without one.
func (s *session) awaitClose() int {
	for {
		switch opcode, payload, ok := s.receive(); {
		case !ok:
			return 0
		case opcode == websocket.CloseMessage && len(payload) >= 2:
			return int(binary.BigEndian.Uint16([]byte(payload)))
		}
	}
}

// asked upgrades and reads the question.
func (s *session) asked() bool {
	if !s.upgrade() {
		return false
	}
	_, _, ok := s.receive()
	return ok
}

func newOpening(t *testing.T, url string) *Opening {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	require.NoError(t, err)
	return &Opening{
		HTTP: request, Timeouts: generous, MaxMessageBytes: 4 << 20,
		Seen: record.Observation{StartedAt: float64(time.Now().UnixMicro()) / 1000},
	}
}

func newQuestion(t *testing.T, opening *Opening) *Question {
	compiled, err := rules.Compile(socketRules)
	require.NoError(t, err)
	return &Question{Message: `{"q":1}`, Rules: compiled, StallMs: 2000, Seen: opening.Seen}
}

// opened opens a socket that the test's end closes; nothing of it may be left then.
func opened(t *testing.T, opening *Opening) *Socket {
	ctx, cancel := context.WithCancel(context.Background())
	s := Open(ctx, UpgradeTransport(&http.Transport{}), opening)
	t.Cleanup(func() {
		cancel()
		select {
		case <-s.Done():
		case <-time.After(10 * time.Second):
			t.Error("the socket outlives its iteration")
		}
	})
	return s
}

// free is an address where nobody listens.
func free(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
