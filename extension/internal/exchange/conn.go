package exchange

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"go.k6.io/k6/v2/lib/netext"
)

// processStart is the zero of processNow: an int64 can be stored atomically, a time.Time cannot.
var processStart = time.Now()

// processNow is monotonic nanoseconds.
func processNow() int64 { return int64(time.Since(processStart)) }

func processTime(at int64) time.Time {
	if at == 0 {
		return time.Time{}
	}
	return processStart.Add(time.Duration(at))
}

// conn stamps a connection's reads and writes at the socket, below TLS and net/http's buffers.
// Only with HTTP/1 and WebSockets do the stamps belong to one exchange; an HTTP/2 connection carries
// many.
//
// The stamp of a read is the kernel's where it gives one (Linux): when the last segment that the read
// used up came in, however long the process was busy after that. Segments that wait unread together
// share the stamp of the last of them; with TLS it is the read of a record's last bytes that counts.
// Everywhere else, and for any stamp that makes no sense, it is the clock right after the read.
type conn struct {
	net.Conn
	socket *socket // nil: the kernel gives no stamps
	// untie keeps the connection beyond its iteration, once a stream got it; nil where nothing ties it.
	untie func() bool

	lastRead  atomic.Int64 // arrival of the bytes that a read returned last
	lastWrite atomic.Int64 // right before the last write

	mu     sync.Mutex // a new stream takes the connection while net/http already waits to read
	clock  kernelClock
	kernel bool // lastRead is the kernel's
}

// arrival of the bytes that a read returned last.
type arrival struct {
	at      time.Time
	kernel  bool // the kernel says so
	stepped bool // the wall clock jumped since the stream began
}

// newConn wraps a connection that was just dialled. k6 counts bytes in a wrapper of its own: the
// socket is exchanged below that, so data_sent and data_received stay true.
func newConn(dialled net.Conn) *conn {
	c := &conn{Conn: dialled}
	if counting, ok := dialled.(*netext.Conn); ok {
		if c.socket = newSocket(counting.Conn); c.socket != nil {
			counting.Conn = c.socket
		}
	} else if c.socket = newSocket(dialled); c.socket != nil {
		c.Conn = c.socket
	}
	c.begin()
	return c
}

// begin must be called when a stream begins on the connection: it synchronises the clocks.
func (c *conn) begin() {
	if c.socket == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock.synchronise()
}

// arrival is the stamp of the last read that returned bytes.
func (c *conn) arrival() arrival {
	c.mu.Lock()
	defer c.mu.Unlock()
	return arrival{processTime(c.lastRead.Load()), c.kernel, c.clock.stepped}
}

// Read must not be called by two goroutines at once: net/http, crypto/tls and WebSockets do not.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.stamp()
	}
	return n, err
}

func (c *conn) stamp() {
	if c.socket == nil {
		c.lastRead.Store(processNow())
		return
	}
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	var at int64
	at, c.kernel = c.clock.arrival(c.socket.stamp, now)
	c.lastRead.Store(at)
}

func (c *conn) Write(b []byte) (int, error) {
	c.lastWrite.Store(processNow())
	return c.Conn.Write(b)
}
