package exchange

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadBuffer(t *testing.T) {
	var room readBuffer
	defer room.release()
	for i, step := range []struct{ space, got int }{
		{smallBytes, 100}, {smallBytes, smallBytes}, {largeBytes, largeBytes}, {largeBytes, smallBytes},
		{largeBytes, smallBytes - 1}, {smallBytes, 1},
	} {
		require.Len(t, room.space(), step.space, "step %d", i)
		require.Len(t, room.got(step.got), step.got)
	}
}

// Events of all sizes, across the bounds of both buffers.
func TestLargeEvents(t *testing.T) {
	sizes := []int{1, smallBytes - 1, smallBytes, 3 * smallBytes, 2*largeBytes + 7, 5}
	p := startPeer(t, func(s *session) {
		s.request()
		s.send(okHead)
		for _, size := range sizes {
			s.chunk(`data: {"text":"` + strings.Repeat("x", size) + "\"}\n\n")
		}
		s.chunk(done)
		s.endOfBody()
		s.waitClosed()
	})
	seen := Do(context.Background(), newTransport(t), newRequest(t, p.url())).Seen
	length := 0
	for _, size := range sizes {
		length += size
	}
	require.Equal(t, "complete", seen.End.By)
	require.Equal(t, len(sizes), seen.Counts.Answer)
	require.Equal(t, length, seen.AnswerLength)
}
