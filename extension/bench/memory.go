package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// memorySizes are the numbers of concurrent streams.
var memorySizes = [...]int{1000, 4000}

// slow is a stream that stays open: one chunk a second, longer than anybody looks.
func slow(p protocol, streams int) load {
	return load{p, streams, 300, time.Second, 2 * time.Second}
}

// memory is the resident memory of a k6 whose VUs each hold an open stream, above that of a k6 whose
// VUs wait, per VU: the median over the rounds. Go's heap is somewhere between two collections when
// it is looked at, which one round alone would show as ten KB a stream.
func (b *bench) memory(ctx context.Context) (*memoryResult, error) {
	if err := checkFiles(slices.Max(memorySizes[:])); err != nil {
		return nil, err
	}
	result := &memoryResult{SSE: map[int]number{}, WS: map[int]number{}, IdleKBPerVU: map[int]number{}}
	var failed error
	for _, size := range memorySizes {
		idle, open := []float64{}, map[protocol][]float64{}
		for range b.rounds {
			kb, err := b.resident(ctx, slow(sse, size), true)
			if err != nil {
				return result, errors.Join(failed, err)
			}
			idle = append(idle, kb/float64(size))
			for _, p := range protocols {
				above, err := b.resident(ctx, slow(p, size), false)
				if err != nil {
					failed = errors.Join(failed, err)
					continue
				}
				open[p] = append(open[p], (above-kb)/float64(size))
			}
		}
		result.IdleKBPerVU[size] = number(median(idle))
		for p, kb := range open {
			found := number(median(kb))
			result.of(p)[size] = found
			result.KBPerStream = max(result.KBPerStream, found)
			b.say("memory, %s, %d streams: %.1f KB a stream of %.1f", p, size, found, kb)
		}
	}
	return result, failed
}

// resident is VmRSS of k6 in KB at a steady point.
func (b *bench) resident(ctx context.Context, l load, idle bool) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	dir, err := b.runDir()
	if err != nil {
		return 0, err
	}
	server, err := b.startServer(ctx, filepath.Join(dir, "server.ndjson"))
	if err != nil {
		return 0, err
	}
	defer func() { _, _ = server.stop(ctx) }()
	idleSeconds := "0"
	if idle {
		idleSeconds = "300"
	}
	c := b.k6Client(ctx, extension, l, server.url(l), dir, "BENCH_IDLE_SECONDS="+idleSeconds)
	if err := c.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	started := func() (bool, error) { return hasStarted(filepath.Join(dir, "console")) }
	if !idle {
		started = func() (bool, error) { return hasOpen(ctx, server.address, l.streams) }
	}
	kb, err := steady(ctx, c.Process.Pid, started, ended)
	cancel()
	if err != nil {
		return 0, fmt.Errorf("%s, %d VUs: %w\n%s", l.protocol, l.streams, err, c.output)
	}
	return kb, nil
}

// steady waits for the start, then until the memory has kept within 1 % for three seconds.
func steady(ctx context.Context, pid int, started func() (bool, error), ended <-chan error) (float64, error) {
	const (
		every  = 100 * time.Millisecond
		window = 30
		most   = 200
	)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var seen []float64
	running := false
	for len(seen) < most {
		select {
		case <-ctx.Done():
			return 0, errors.New("it did not come to rest in two minutes")
		case err := <-ended:
			return 0, errors.Join(errors.New("k6 ended early"), err)
		case <-ticker.C:
		}
		if !running {
			var err error
			if running, err = started(); err != nil {
				return 0, err
			}
			continue
		}
		kb, err := readVmRSS(pid)
		if err != nil {
			return 0, err
		}
		seen = append(seen, kb)
		if recent := seen[max(0, len(seen)-window):]; len(recent) == window && isSteady(recent) {
			break
		}
	}
	return median(seen[max(0, len(seen)-window):]), nil
}

func isSteady(values []float64) bool {
	return slices.Max(values)-slices.Min(values) <= slices.Max(values)/100
}

// hasStarted: k6 starts the first iteration when all VUs are initialised.
func hasStarted(console string) (bool, error) {
	text, err := os.ReadFile(console)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return bytes.Contains(text, []byte("started")), err
}

func hasOpen(ctx context.Context, address string, streams int) (bool, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/open", nil)
	if err != nil {
		return false, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, 100))
	return string(text) == strconv.Itoa(streams), err
}

func readVmRSS(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	return vmRSS(string(status))
}

// vmRSS in KB.
func vmRSS(status string) (float64, error) {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
		}
	}
	return 0, errors.New("no VmRSS in /proc/<pid>/status")
}
