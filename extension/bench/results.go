package main

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
)

// results are the document of --json. A part that was not asked for, or failed, is absent.
type results struct {
	SSE     *pacedResult  `json:"sse,omitempty"`
	WS      *pacedResult  `json:"ws,omitempty"`
	Memory  *memoryResult `json:"memory,omitempty"`
	Unpaced unpacedResult `json:"unpaced,omitempty"`

	Streams         int     `json:"streams"`
	ChunksPerSecond int     `json:"chunksPerSecond"`
	Rounds          int     `json:"rounds"`
	Seconds         int     `json:"seconds"`
	Machine         machine `json:"machine"`
}

type pacedResult struct {
	CPUUsPerChunk            number   `json:"cpuUsPerChunk"`
	BareCPUUsPerChunk        number   `json:"bareCpuUsPerChunk"`
	Ratio                    number   `json:"ratio"`
	Ratios                   []number `json:"ratios"` // of each round
	ArrivalErrorMedianUs     number   `json:"arrivalErrorMedianUs"`
	BareArrivalErrorMedianUs number   `json:"bareArrivalErrorMedianUs"`
	TTFTErrorP50Us           number   `json:"ttftErrorP50Us"`
	BareTTFTErrorP50Us       number   `json:"bareTtftErrorP50Us"`
	TTFTErrorP99Us           number   `json:"ttftErrorP99Us"`
	BareTTFTErrorP99Us       number   `json:"bareTtftErrorP99Us"`
	Lost                     int      `json:"lost"`
	BareLost                 int      `json:"bareLost"`
	// Clock of the extension's stamps: kernel or user.
	Clock string `json:"clock"`
	// What the server really wrote while all streams were open.
	ChunksPerSecond     number `json:"chunksPerSecond"`
	BareChunksPerSecond number `json:"bareChunksPerSecond"`
	*stockResult
}

type stockResult struct {
	StockCPUUsPerChunk number `json:"stockCpuUsPerChunk"`
	StockRatio         number `json:"stockRatio"`
	StockLost          int    `json:"stockLost"`
}

type memoryResult struct {
	// KBPerStream is the largest of those below.
	KBPerStream number `json:"kbPerStream"`
	// By number of streams.
	SSE map[int]number `json:"sse"`
	WS  map[int]number `json:"ws"`
	// IdleKBPerVU is all of a k6 whose VUs wait.
	IdleKBPerVU map[int]number `json:"idleKbPerVu"`
}

func (m *memoryResult) of(p protocol) map[int]number {
	if p == ws {
		return m.WS
	}
	return m.SSE
}

type unpacedResult map[protocol]*speedResult

type speedResult struct {
	ChunksPerSecond     number `json:"chunksPerSecond"`
	BareChunksPerSecond number `json:"bareChunksPerSecond"`
	CPUUsPerChunk       number `json:"cpuUsPerChunk"`
	BareCPUUsPerChunk   number `json:"bareCpuUsPerChunk"`
	Ratio               number `json:"ratio"`
	Lost                int    `json:"lost"`
	BareLost            int    `json:"bareLost"`
}

// lost is of all clients: where the bare one lost something, the benchmark is broken.
func (r *results) lost() (lost int) {
	for _, p := range []*pacedResult{r.SSE, r.WS} {
		if p == nil {
			continue
		}
		lost += p.Lost + p.BareLost
		if p.stockResult != nil {
			lost += p.StockLost
		}
	}
	for _, s := range r.Unpaced {
		lost += s.Lost + s.BareLost
	}
	return lost
}

// number has three digits behind the point in JSON, and is null where nothing could be computed.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, math.Round(float64(n)*1000)/1000, 'f', -1, 64), nil
}

// machine tells whether two documents can be compared.
type machine struct {
	CPUs   int    `json:"cpus"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	K6     string `json:"k6"`
	// Load is the average of the last minute before the start: above 1 the figures say little.
	Load number `json:"load"`
}

func describeMachine(ctx context.Context, k6 string) machine {
	m := machine{CPUs: runtime.NumCPU(), Go: runtime.Version(), Load: number(math.NaN())}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(text))
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		first, _, _ := strings.Cut(string(text), " ")
		if load, err := strconv.ParseFloat(first, 64); err == nil {
			m.Load = number(load)
		}
	}
	if text, err := exec.CommandContext(ctx, k6, "version").Output(); err == nil {
		m.K6, _, _ = strings.Cut(string(text), "\n")
	}
	return m
}

func writeJSON(w io.Writer, found *results) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(found)
}
