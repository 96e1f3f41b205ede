package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// server streams what the query asks for and remembers when it wrote what. It runs until its stdin
// ends, so it does not outlive the program that started it.
type server struct {
	open    atomic.Int64 // streams
	started atomic.Int64
	mu      sync.Mutex
	logs    []*streamLog // of finished streams
}

// serve prints its address as the first line on stdout and writes its logs at the end.
func serve(ctx context.Context, logPath string) error {
	s := &server{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /sse", s.sse)
	mux.HandleFunc("GET /ws", s.websocket)
	mux.HandleFunc("GET /open", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, s.open.Load())
	})
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	web := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute, ConnContext: rememberConn}
	served := make(chan error, 1)
	go func() { served <- web.Serve(stampingListener{inner}) }()
	fmt.Println(inner.Addr())

	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	case <-ended:
	}
	_ = inner.Close()
	// The client is gone: what is open only has to notice.
	for deadline := time.Now().Add(5 * time.Second); s.open.Load() > 0 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return writeLogs(logPath, s.logs)
}

// sink writes one piece of a stream with one write to the socket.
type sink func(data []byte) error

func (s *server) sse(w http.ResponseWriter, r *http.Request) {
	// Read to its end: the last read of the connection is then that of the request.
	if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, 1<<20)); err != nil {
		http.Error(w, "the body must be at most 1 MiB", http.StatusBadRequest)
		return
	}
	conn := connOf(r.Context())
	asked := conn.lastRead.Load()
	w.Header().Set("Content-Type", "text/event-stream")
	flusher := http.NewResponseController(w)
	s.stream(r, sse, conn, &streamLog{ID: r.Header.Get("X-Request-Id"), Asked: asked}, func(data []byte) error {
		if _, err := w.Write(data); err != nil {
			return err
		}
		return flusher.Flush()
	})
}

func (s *server) websocket(w http.ResponseWriter, r *http.Request) {
	socket, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = socket.Close() }()
	conn := connOf(r.Context())
	var question struct {
		ID string `json:"id"`
	}
	if err := socket.ReadJSON(&question); err != nil {
		return
	}
	log := &streamLog{ID: question.ID, Asked: conn.lastRead.Load()}
	s.stream(r, ws, conn, log, func(data []byte) error {
		return socket.WriteMessage(websocket.TextMessage, data)
	})
	// The client closes; reading answers its Close frame.
	_ = socket.SetReadDeadline(time.Now().Add(5 * time.Second))
	for {
		if _, _, err := socket.ReadMessage(); err != nil {
			return
		}
	}
}

// stream sends opening, chunks and ending. Deadlines are absolute: a late chunk does not delay those
// behind it.
func (s *server) stream(r *http.Request, p protocol, conn *stampedConn, log *streamLog, send sink) {
	chunks, errChunks := strconv.Atoi(r.URL.Query().Get("chunks"))
	interval, errInterval := time.ParseDuration(r.URL.Query().Get("interval"))
	if err := errors.Join(errChunks, errInterval); err != nil {
		fmt.Fprintf(os.Stderr, "bench server: %s\n", err)
		return
	}
	s.open.Add(1)
	number := s.started.Add(1)
	defer func() {
		s.mu.Lock()
		s.logs = append(s.logs, log)
		s.mu.Unlock()
		s.open.Add(-1)
	}()
	w := wireOf(p)
	if send(w.opening) != nil {
		return
	}
	log.Events++
	log.Stamps = make([]int64, 0, min(chunks, maxStamps))
	next := time.Now()
	if chunks > 0 {
		next = next.Add(think(number, interval))
	}
	for i := range chunks {
		time.Sleep(time.Until(next))
		if send(w.chunks[i%len(w.chunks)]) != nil {
			return
		}
		if i < maxStamps {
			log.Stamps = append(log.Stamps, conn.lastWrite.Load())
		}
		log.Chunks++
		log.Events++
		next = next.Add(interval)
	}
	if send(w.ending) == nil {
		log.Events += w.endingEvents
	}
}

// think is the time before the first chunk. Streams that started together get phases that lie evenly
// in an interval: the golden ratio spreads any number of them.
func think(number int64, interval time.Duration) time.Duration {
	_, phase := math.Modf(float64(number) * math.Phi)
	return 100*time.Millisecond + time.Duration(phase*float64(interval))
}

// stampingListener gives connections that remember when they were read and written last.
type stampingListener struct{ net.Listener }

func (l stampingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &stampedConn{Conn: conn}, nil
}

type stampedConn struct {
	net.Conn
	lastRead  atomic.Int64 // epoch ns, right after the read
	lastWrite atomic.Int64 // epoch ns, right before the write
}

func (c *stampedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.lastRead.Store(time.Now().UnixNano())
	}
	return n, err
}

func (c *stampedConn) Write(b []byte) (int, error) {
	c.lastWrite.Store(time.Now().UnixNano())
	return c.Conn.Write(b)
}

type connKey struct{}

func rememberConn(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, conn)
}

func connOf(ctx context.Context) *stampedConn {
	conn, _ := ctx.Value(connKey{}).(*stampedConn)
	return conn
}
