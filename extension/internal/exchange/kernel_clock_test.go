package exchange

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestKernelClock(t *testing.T) {
	const ms = int64(time.Millisecond)
	for name, row := range map[string]struct {
		stamp  func(wall int64) int64 // of a read 5 ms after the one before
		kernel bool
		back   int64 // before now
	}{
		"a stamp in between":         {func(wall int64) int64 { return wall - ms }, true, ms},
		"no stamp":                   {func(int64) int64 { return 0 }, false, 0},
		"a stamp of the future":      {func(wall int64) int64 { return wall + ms }, false, 0},
		"before the last arrival":    {func(wall int64) int64 { return wall - 6*ms }, false, 0},
		"at the last arrival itself": {func(wall int64) int64 { return wall - 5*ms }, true, 5 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			var clock kernelClock
			clock.synchronise()
			now := time.Now()
			on := int64(now.Sub(processStart))
			clock.offset = now.UnixNano() - on // exactly, so that the bounds can be met
			clock.latest = on - 5*ms
			at, kernel := clock.arrival(row.stamp(now.UnixNano()), now)
			require.Equal(t, row.kernel, kernel)
			require.Equal(t, row.back, on-at)
			require.False(t, clock.stepped)
		})
	}
}

// The wall clock was set while the stream ran: one read is stamped by the process, the next by the
// kernel again.
func TestAStepOfTheWallClock(t *testing.T) {
	for _, step := range []int64{int64(time.Hour), -int64(time.Hour), int64(time.Millisecond)} {
		var clock kernelClock
		clock.synchronise()
		clock.offset -= step
		now := time.Now()
		at, kernel := clock.arrival(now.UnixNano()-1000, now)
		require.False(t, kernel)
		require.Equal(t, int64(now.Sub(processStart)), at)
		require.True(t, clock.stepped)
		now = time.Now().Add(time.Millisecond)
		_, kernel = clock.arrival(now.UnixNano()-1000, now)
		require.True(t, kernel)
		clock.synchronise()
		require.False(t, clock.stepped)
	}
}
