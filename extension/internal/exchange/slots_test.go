package exchange

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k6-weir/xk6-weir/internal/record"
)

func (s *Slots) empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.hosts) == 0
}

func (s *Slots) inLine(host string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.hosts[host]; h != nil {
		return len(h.waiting)
	}
	return 0
}

func TestWhoComesFirstIsServedFirst(t *testing.T) {
	var slots Slots
	first, err := slots.Take(t.Context(), "h", 1, nil)
	require.NoError(t, err)
	served := make(chan int, 5)
	for i := range 5 {
		go func() {
			slot, err := slots.Take(t.Context(), "h", 1, nil)
			if err == nil {
				served <- i
				slot.Release()
			}
		}()
		require.Eventually(t, func() bool { return slots.inLine("h") == i+1 }, 10*time.Second, time.Millisecond)
	}
	other, err := slots.Take(t.Context(), "other", 1, nil)
	require.NoError(t, err, "each host for itself")
	other.Release()
	first.Release()
	for want := range 5 {
		require.Equal(t, want, <-served)
	}
	require.Eventually(t, slots.empty, 10*time.Second, time.Millisecond)
}

func TestAWaitIsCut(t *testing.T) {
	var slots Slots
	first, _ := slots.Take(t.Context(), "h", 1, nil)
	cause := errors.New("cut")
	ctx, cancel := context.WithCancelCause(context.Background())
	time.AfterFunc(20*time.Millisecond, func() { cancel(cause) })
	_, err := slots.Take(ctx, "h", 1, nil)
	require.Equal(t, cause, err)
	require.Zero(t, slots.inLine("h"))
	first.Release()
	require.True(t, slots.empty())
}

// Many come, some leave the line: in the end no slot is lost and never were there too many.
func TestNoSlotIsLost(t *testing.T) {
	const most = 3
	var slots Slots
	var held, worst atomic.Int32
	var all sync.WaitGroup
	pools := []*http.Transport{nil, {}, {}}
	for i := range 300 {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i%7)*time.Millisecond)
			defer cancel()
			slot, err := slots.Take(ctx, "h", most, pools[i%3])
			if err != nil {
				return
			}
			if now := held.Add(1); now > worst.Load() {
				worst.Store(now)
			}
			time.Sleep(100 * time.Microsecond)
			held.Add(-1)
			if i%2 == 0 {
				slot.Release()
			} else {
				slot.Park()
			}
		})
	}
	all.Wait()
	require.LessOrEqual(t, worst.Load(), int32(most))
	for range most {
		_, err := slots.Take(t.Context(), "h", most, nil)
		require.NoError(t, err)
	}
}

func TestHost(t *testing.T) {
	for text, want := range map[string]string{
		"http://A.example/x": "a.example:80", "wss://a.example": "a.example:443",
		"https://a.example:8443/?k=1": "a.example:8443", "ws://[::1]": "::1:80",
	} {
		target, err := url.Parse(text)
		require.NoError(t, err)
		require.Equal(t, want, Host(target))
	}
}

func limited(t *testing.T, p *peer, slots *Slots, most int) *Request {
	request := newRequest(t, p.url())
	request.Slots, request.MaxConnections = slots, most
	return request
}

// Two VUs and one place: the second waits, then the first one's idle connection makes room.
func TestMaxConnections(t *testing.T) {
	var open, worst atomic.Int32
	p := startPeer(t, func(s *session) {
		if now := open.Add(1); now > worst.Load() {
			worst.Store(now)
		}
		defer open.Add(-1)
		for s.request() {
			s.send(okHead)
			time.Sleep(short)
			s.chunk(answer + done)
			s.endOfBody()
		}
	})
	var slots Slots
	one, two := newTransport(t), newTransport(t)
	results := make(chan record.Observation, 2)
	for i, transport := range []*http.Transport{one, two} {
		request := limited(t, p, &slots, 1)
		request.Timeouts.Connect = short / 2 // the wait is not part of it
		go func() { results <- Do(context.Background(), transport, request).Seen }()
		require.Eventually(t, func() bool { return i > 0 || p.requests.Load() > 0 }, 10*time.Second, time.Millisecond)
	}
	var waits []float64
	for range 2 {
		seen := <-results
		require.Equal(t, "complete", seen.End.By, "%+v", seen)
		require.LessOrEqual(t, *seen.Marks.SlotFree, *seen.Marks.Connected)
		waits = append(waits, *seen.Marks.SlotFree)
	}
	require.Greater(t, waits[1]-waits[0], float64(short.Milliseconds())/2)
	require.LessOrEqual(t, worst.Load(), int32(2), "the old one may still be closing")
	again := Do(context.Background(), two, limited(t, p, &slots, 1)).Seen
	require.True(t, again.Connection.Reused, "the VU keeps its slot and its connection")
	require.False(t, Do(context.Background(), one, limited(t, p, &slots, 1)).Seen.Connection.Reused)
}

func TestNoPlaceInTime(t *testing.T) {
	p := startPeer(t, streams)
	for name, row := range map[string]struct {
		cut  bool
		want record.End
	}{
		"the total timeout":        {false, record.End{By: "timeout", Timeout: "total"}},
		"the end of the iteration": {true, record.End{By: "interrupted"}},
	} {
		t.Run(name, func(t *testing.T) {
			var slots Slots
			request := limited(t, p, &slots, 1)
			slot, err := slots.Take(t.Context(), Host(request.HTTP.URL), 1, nil)
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(context.Background())
			if row.cut {
				time.AfterFunc(short, cancel)
			} else {
				request.Timeouts.Total = short
			}
			result := Do(ctx, newTransport(t), request)
			cancel()
			require.Equal(t, row.want, result.Seen.End)
			require.True(t, result.NoPlace)
			require.Nil(t, result.Seen.Connection)
			require.Nil(t, result.Seen.Marks.SlotFree)
			require.GreaterOrEqual(t, result.Seen.Marks.End, float64(short.Milliseconds())-1)
			slot.Release()
			require.True(t, slots.empty())
		})
	}
	require.Zero(t, p.connections.Load())
}
