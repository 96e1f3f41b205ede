package main

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// The aims, for reading only: nothing is asserted.
const (
	aimRatio      = 1.15
	aimStockRatio = 3
	aimArrivalUs  = 50
	aimMemoryKB   = 64
)

var protocolNames = map[protocol]string{sse: "SSE", ws: "WebSocket"}

// table has its columns in one line each: name, extension, bare client, ratio, aim.
type table [][5]string

func (t *table) row(name, extension, bare, ratio, aim string) {
	*t = append(*t, [5]string{name, extension, bare, ratio, aim})
}

func (t *table) String() string {
	text := &strings.Builder{}
	for _, row := range *t {
		fmt.Fprintf(text, "%-52s%12s%12s%8s   %s\n", row[0], row[1], row[2], row[3], row[4])
	}
	return text.String()
}

func writeTable(w io.Writer, r *results) error {
	t := &table{}
	t.row("", "extension", "bare", "ratio", "aim")
	t.paced(sse, r.SSE)
	t.paced(ws, r.WS)
	t.memory(r.Memory)
	for _, p := range protocols {
		t.unpaced(p, r.Unpaced[p])
	}
	_, err := fmt.Fprintf(w, "\n%d streams × %d chunks/s, rounds: %d of %d s; %d CPUs, load %.1f, %s\n\n%s",
		r.Streams, r.ChunksPerSecond/r.Streams, r.Rounds, r.Seconds, r.Machine.CPUs, r.Machine.Load,
		r.Machine.K6, t)
	return err
}

func (t *table) memory(m *memoryResult) {
	if m == nil {
		return
	}
	for _, size := range memorySizes {
		if idle, ok := m.IdleKBPerVU[size]; ok {
			t.row(fmt.Sprintf("memory, %d idle VUs, KB each", size), show(idle, 1), "", "", "")
		}
		for _, p := range protocols {
			if found, ok := m.of(p)[size]; ok {
				name := fmt.Sprintf("memory, %d %s streams, KB each", size, protocolNames[p])
				t.row(name, show(found, 1), "", "", most(found, aimMemoryKB))
			}
		}
	}
}

func (t *table) paced(of protocol, p *pacedResult) {
	if p == nil {
		return
	}
	name := protocolNames[of]
	t.row(name+", CPU a chunk, µs", show(p.CPUUsPerChunk, 2), show(p.BareCPUUsPerChunk, 2), show(p.Ratio, 2),
		most(p.Ratio, aimRatio))
	t.row(fmt.Sprintf("%s, arrival error (%s clock), median, µs", name, p.Clock), show(p.ArrivalErrorMedianUs, 0),
		show(p.BareArrivalErrorMedianUs, 0), "", most(p.ArrivalErrorMedianUs, aimArrivalUs))
	t.row(name+", TTFT error, median, µs", show(p.TTFTErrorP50Us, 0), show(p.BareTTFTErrorP50Us, 0), "", "")
	t.row(name+", TTFT error, p99, µs", show(p.TTFTErrorP99Us, 0), show(p.BareTTFTErrorP99Us, 0), "", "")
	t.row(name+", chunks/s written", show(p.ChunksPerSecond, 0), show(p.BareChunksPerSecond, 0), "", "")
	t.row(name+", events lost or twice", fmt.Sprint(p.Lost), fmt.Sprint(p.BareLost), "", most(number(p.Lost), 0))
	if s := p.stockResult; s != nil {
		t.row(name+", stock k6, CPU a chunk, µs", show(s.StockCPUUsPerChunk, 2), "",
			show(s.StockRatio, 2), least(s.StockRatio, aimStockRatio))
	}
}

func (t *table) unpaced(p protocol, s *speedResult) {
	if s == nil {
		return
	}
	name := protocolNames[p]
	t.row(name+" unpaced, chunks/s", show(s.ChunksPerSecond, 0), show(s.BareChunksPerSecond, 0), "", "")
	t.row(name+" unpaced, CPU a chunk, µs", show(s.CPUUsPerChunk, 2), show(s.BareCPUUsPerChunk, 2),
		show(s.Ratio, 2), "")
	t.row(name+" unpaced, events lost or twice", fmt.Sprint(s.Lost), fmt.Sprint(s.BareLost), "",
		most(number(s.Lost), 0))
}

func show(n number, digits int) string {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return "–"
	}
	return fmt.Sprintf("%.*f", digits, n)
}

func most(n number, aim float64) string {
	return fmt.Sprintf("≤ %g %s", aim, met(float64(n) <= aim))
}

func least(n number, aim float64) string {
	return fmt.Sprintf("≥ %g %s", aim, met(float64(n) >= aim))
}

func met(yes bool) string {
	if yes {
		return "met"
	}
	return "missed"
}
