package exchange

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// tunnel is the connection behind an upgrade that net/http made, as gorilla wants it. It tells the
// reader when a burst is over and counts reads, and it keeps whole frames apart: gorilla writes the
// control frames, each in one Write, and send the messages.
type tunnel struct {
	net.Conn
	body   io.Reader // the connection's bytes, with those net/http read ahead
	socket *conn     // nil below a transport that is not ours

	// Called by the reading goroutine only.
	beforeRead func()
	afterRead  func()
	readErr    error
	stamp      time.Time

	reads atomic.Int64
	// sent is when the write of the last message began, on the process clock; 0 before it.
	sent atomic.Int64

	writing  sync.Mutex
	deadline atomic.Pointer[time.Time] // of the next control frame
	greeting *greeting                 // nil after gorilla's handshake
}

// open makes gorilla's connection. It has no way to take over an upgrade, so its own handshake is
// answered here and never sent.
func (t *tunnel) open() (*websocket.Conn, error) {
	t.greeting = &greeting{}
	dialer := websocket.Dialer{
		NetDialContext: func(context.Context, string, string) (net.Conn, error) { return t, nil },
		// net/http's buffer is below: this one holds little more than a frame's head.
		ReadBufferSize:  512,
		WriteBufferPool: &sync.Pool{}, // control frames need no buffer: none is ever taken
	}
	ws, _, err := dialer.DialContext(context.Background(), "ws://upgraded/", nil)
	t.greeting = nil
	return ws, err
}

// Read notes why it fails, because gorilla's errors do not say.
func (t *tunnel) Read(b []byte) (int, error) {
	if t.greeting != nil {
		return t.greeting.Read(b)
	}
	t.beforeRead()
	n, err := t.body.Read(b)
	if n > 0 {
		t.reads.Add(1)
		t.stamp = time.Now()
		t.afterRead()
	}
	if err != nil {
		t.readErr = err
	}
	return n, err
}

// arrival of the bytes that the reader has now.
func (t *tunnel) arrival() arrival {
	if t.socket != nil {
		return t.socket.arrival()
	}
	return arrival{at: t.stamp}
}

// Write takes a control frame of gorilla's.
func (t *tunnel) Write(frame []byte) (int, error) {
	if t.greeting != nil {
		return t.greeting.Write(frame)
	}
	t.writing.Lock()
	defer t.writing.Unlock()
	if deadline := t.deadline.Load(); deadline != nil {
		_ = t.Conn.SetWriteDeadline(*deadline)
	}
	return t.Conn.Write(frame)
}

// SetWriteDeadline is for the next control frame and must not touch a message that is being sent.
func (t *tunnel) SetWriteDeadline(deadline time.Time) error {
	t.deadline.Store(&deadline)
	return nil
}

// send writes a message.
func (t *tunnel) send(frame []byte, deadline time.Time) error {
	t.writing.Lock()
	defer t.writing.Unlock()
	_ = t.Conn.SetWriteDeadline(deadline)
	t.sent.Store(processNow())
	_, err := t.Conn.Write(frame)
	return err
}

// drop closes the connection below TLS: a goodbye to a peer that does not read could block.
func (t *tunnel) drop() {
	bottom := t.Conn
	for {
		secure, ok := bottom.(*tls.Conn)
		if !ok {
			break
		}
		bottom = secure.NetConn()
	}
	_ = bottom.Close()
}

// textFrame is a text message as one frame (RFC 6455 §5.2), masked as a client must. Gorilla would cut
// it into pieces of its buffer, which no client of a vendor does.
func textFrame(message string) []byte {
	const final, masked = 0x80, 0x80
	frame := make([]byte, 0, 14+len(message))
	frame = append(frame, final|websocket.TextMessage)
	switch size := len(message); {
	case size <= 125:
		frame = append(frame, masked|byte(size))
	case size <= 0xffff:
		frame = binary.BigEndian.AppendUint16(append(frame, masked|126), uint16(size)) //nolint:gosec
	default:
		frame = binary.BigEndian.AppendUint64(append(frame, masked|127), uint64(size))
	}
	var key [4]byte
	_, _ = rand.Read(key[:]) // never fails
	frame = append(frame, key[:]...)
	payload := len(frame)
	frame = append(frame, message...)
	for i := range frame[payload:] {
		frame[payload+i] ^= key[i%4]
	}
	return frame
}

// greeting plays the server for gorilla's handshake.
type greeting struct {
	request bytes.Buffer
	answer  *strings.Reader
}

func (g *greeting) Write(b []byte) (int, error) { return g.request.Write(b) }

func (g *greeting) Read(b []byte) (int, error) {
	if g.answer == nil {
		request, err := http.ReadRequest(bufio.NewReader(&g.request))
		if err != nil {
			return 0, err
		}
		g.answer = strings.NewReader(fmt.Sprintf("HTTP/1.1 101 Switching Protocols\r\n"+
			"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
			acceptance(request.Header.Get("Sec-WebSocket-Key"))))
	}
	return g.answer.Read(b)
}
