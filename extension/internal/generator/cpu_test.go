package generator

import (
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestCPUIsAShareOfAllCores(t *testing.T) {
	c := &clock{time.Unix(1_700_000_000, 0)}
	used, reads := time.Duration(0), 0
	cpu := &CPU{window: time.Second, now: c.now, cores: func() int { return 4 }}
	cpu.used = func() (time.Duration, bool) { reads++; return used, true }
	_, ok := cpu.Share()
	require.False(t, ok, "the first call begins the window")
	cpu.Begin()
	c.pass(999)
	_, ok = cpu.Share()
	require.False(t, ok, "too early")
	require.Equal(t, 1, reads)
	c.pass(1001)
	used += 2 * time.Second
	share, ok := cpu.Share()
	require.True(t, ok)
	require.InDelta(t, 0.25, share, 1e-9)
	c.pass(1000)
	used += 5 * time.Second
	share, ok = cpu.Share()
	require.True(t, ok)
	require.InDelta(t, 1, share, 0, "accounting is coarse: never more than all")
}

func TestBeginIsTheStartOfTheFirstWindow(t *testing.T) {
	c := &clock{time.Unix(1_700_000_000, 0)}
	cpu := &CPU{window: time.Second, now: c.now, cores: func() int { return 1 }}
	cpu.used = func() (time.Duration, bool) { return c.at.Sub(time.Unix(1_700_000_000, 0)) / 2, true }
	cpu.Begin()
	c.pass(1500)
	cpu.Begin()
	share, ok := cpu.Share()
	require.True(t, ok)
	require.InDelta(t, 0.5, share, 1e-9)
}

func TestASystemThatDoesNotTell(t *testing.T) {
	cpu := NewCPU(0)
	cpu.used = func() (time.Duration, bool) { return 0, false }
	for range 2 {
		_, ok := cpu.Share()
		require.False(t, ok)
	}
}

func TestTheProcessAsItIs(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has /proc")
	}
	cpu := NewCPU(time.Millisecond)
	_, _ = cpu.Share()
	for end := time.Now().Add(50 * time.Millisecond); time.Now().Before(end); {
	}
	share, ok := cpu.Share()
	require.True(t, ok)
	require.Positive(t, share)
	require.LessOrEqual(t, share, 1.0)

	bytes, ok := Memory()
	require.True(t, ok)
	require.Greater(t, bytes, int64(1<<20))

	before, ok := OpenFiles()
	require.True(t, ok)
	file, err := os.Open(os.DevNull)
	require.NoError(t, err)
	after, _ := OpenFiles()
	require.NoError(t, file.Close())
	require.Equal(t, before+1, after)
}
