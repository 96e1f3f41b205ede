package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// bareConfig is the argument of the bare client, as JSON.
type bareConfig struct {
	Protocol protocol      `json:"protocol"`
	URL      string        `json:"url"`
	Streams  int           `json:"streams"`
	Chunks   int           `json:"chunks"`
	Spread   time.Duration `json:"spread"`
	Out      string        `json:"out"`
}

// bareStream only reads, splits and stamps: what no client of these streams can leave out.
type bareStream struct {
	log *streamLog
	// stamps of the first events, openings and endings among them.
	stamps []int64
	// lastAt is that of the last event.
	lastAt int64
}

// runBare is the bare client.
func runBare(ctx context.Context, argument string) error {
	var c bareConfig
	if err := json.Unmarshal([]byte(argument), &c); err != nil {
		return err
	}
	w := wireOf(c.Protocol)
	read := readSSE
	if c.Protocol == ws {
		read = readWebSocket
	}
	logs, failures := make([]*streamLog, c.Streams), make([]error, c.Streams)
	started := time.Now()
	var all sync.WaitGroup
	for i := range c.Streams {
		all.Go(func() {
			time.Sleep(time.Until(started.Add(c.Spread * time.Duration(i) / time.Duration(c.Streams))))
			s := &bareStream{
				log:    &streamLog{ID: fmt.Sprintf("bare.%d", i)},
				stamps: make([]int64, 0, min(c.Chunks, maxStamps)+w.overhead()),
			}
			failures[i] = read(ctx, c.URL, s)
			s.finish(w)
			logs[i] = s.log
		})
	}
	all.Wait()
	return errors.Join(errors.Join(failures...), writeLogs(c.Out, logs))
}

// event takes the next one.
func (s *bareStream) event(at int64) {
	s.log.Events++
	s.lastAt = at
	if len(s.stamps) < cap(s.stamps) {
		s.stamps = append(s.stamps, at)
	}
}

// finish tells chunks from other events by their place.
func (s *bareStream) finish(w wire) {
	s.log.Chunks = max(0, s.log.Events-w.overhead())
	s.log.Over = s.lastAt
	if len(s.stamps) > 0 {
		s.log.Stamps = s.stamps[1:]
		s.log.Stamps = s.log.Stamps[:min(len(s.log.Stamps), s.log.Chunks, maxStamps)]
	}
}

func readSSE(ctx context.Context, url string, s *bareStream) error {
	sent := func(httptrace.WroteRequestInfo) { s.log.Asked = time.Now().UnixNano() }
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: sent})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(question(s.log.ID)))
	if err != nil {
		return err
	}
	request.Header.Set("X-Request-Id", s.log.ID)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	buffer := make([]byte, 32<<10)
	kept := 0 // of an event whose end is still to come
	for {
		n, err := response.Body.Read(buffer[kept:])
		if n > 0 {
			at := time.Now().UnixNano()
			rest := buffer[:kept+n]
			for {
				end := bytes.Index(rest, []byte("\n\n"))
				if end < 0 {
					break
				}
				s.event(at)
				rest = rest[end+2:]
			}
			kept = copy(buffer, rest)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func readWebSocket(ctx context.Context, url string, s *bareStream) error {
	socket, _, err := websocket.DefaultDialer.DialContext(ctx, url, nil)
	if err != nil {
		return err
	}
	defer func() { _ = socket.Close() }()
	s.log.Asked = time.Now().UnixNano()
	if err := socket.WriteMessage(websocket.TextMessage, []byte(question(s.log.ID))); err != nil {
		return err
	}
	for {
		_, message, err := socket.ReadMessage()
		if err != nil {
			return err
		}
		s.event(time.Now().UnixNano())
		if bytes.HasSuffix(message, []byte(lastMessage)) {
			goodbye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
			return socket.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(time.Second))
		}
	}
}

// question is what all clients send.
func question(id string) string {
	return fmt.Sprintf(`{"id":%q,"messages":[{"role":"user","content":"How do streams work?"}]}`, id)
}
