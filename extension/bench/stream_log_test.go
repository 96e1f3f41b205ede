package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestARecordBecomesALog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "streams.ndjson")
	require.NoError(t, os.WriteFile(path, []byte(`{"v":1,"id":"0.1.0.0","clock":"user","startedAt":1767225600000.123,`+
		`"marks":{"sent":1.5,"firstContent":2.25,"complete":9.001,"end":9.1},`+
		`"counts":{"events":5,"answer":2,"malformed":0},"timeline":[2.25,4.001]}`+"\n"), 0o600))
	records, err := readLines[streamRecord](path)
	require.NoError(t, err)
	require.Len(t, records, 1)
	require.Equal(t, &streamLog{
		ID: "0.1.0.0", Asked: 1767225600001623000, Over: 1767225600009124000, Chunks: 2, Events: 5,
		Stamps: []int64{1767225600002373000, 1767225600004124000},
	}, records[0].log())

	records[0].Timeline = nil
	require.Equal(t, []int64{1767225600002373000}, records[0].log().Stamps, "the first is a mark of its own")
}

func TestLogsAreReadAsTheyWereWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	logs := []*streamLog{got("a"), got("b")}
	require.NoError(t, writeLogs(path, logs))
	read, err := readLines[streamLog](path)
	require.NoError(t, err)
	require.Equal(t, logs, read)
}

func TestTheBareClientTellsChunksByTheirPlace(t *testing.T) {
	for _, p := range protocols {
		w := wireOf(p)
		s := &bareStream{log: &streamLog{}, stamps: make([]int64, 0, 3+w.overhead())}
		for at := range int64(3 + w.overhead()) {
			s.event(at)
		}
		s.finish(w)
		require.Equal(t, 3, s.log.Chunks)
		require.Equal(t, []int64{1, 2, 3}, s.log.Stamps)
		require.Equal(t, int64(2+w.overhead()), s.log.Over)
	}
}

func TestThinkSpreadsPhases(t *testing.T) {
	const streams, interval = 200, 20 * time.Millisecond
	buckets := make([]int, 20)
	for number := range int64(streams) {
		phase := think(number, interval) - 100*time.Millisecond
		buckets[phase/time.Millisecond]++
	}
	for _, count := range buckets {
		require.InDelta(t, streams/len(buckets), count, 2)
	}
}
