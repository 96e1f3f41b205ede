package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// client is whose CPU time is taken.
type client string

const (
	bare      client = "bare"
	extension client = "extension"
	stock     client = "stock" // k6/websockets
)

// bench is what all parts need.
type bench struct {
	options
	self string
	dir  string // of this run's files
	runs int
}

func newBench(o options) (*bench, error) {
	for _, path := range []string{o.k6, o.scripts} {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("%w (start it with npm run bench:extension, or in extension/)", err)
		}
	}
	if err := checkFiles(pacedStreams); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	k6, err := filepath.Abs(o.k6)
	if err != nil {
		return nil, err
	}
	o.k6 = k6
	dir, err := os.MkdirTemp("", "weir-bench-")
	return &bench{options: o, self: self, dir: dir}, err
}

// run is one client process against one server process.
type run struct {
	cpu            time.Duration
	client, server []*streamLog
	// clock is where the extension's stamps came from.
	clock string
}

// run takes the CPU time of the client and the logs of both sides.
func (b *bench) run(ctx context.Context, who client, l load) (*run, error) {
	ctx, cancel := context.WithTimeout(ctx, l.limit())
	defer cancel()
	dir, err := b.runDir()
	if err != nil {
		return nil, err
	}
	server, err := b.startServer(ctx, filepath.Join(dir, "server.ndjson"))
	if err != nil {
		return nil, err
	}
	c := b.client(ctx, who, l, server.url(l), dir)
	if err := c.Start(); err != nil {
		cancel()
		_, _ = server.stop(ctx)
		return nil, err
	}
	r := &run{}
	r.cpu, err = c.wait(ctx)
	var serverErr error
	r.server, serverErr = server.stop(ctx)
	if err := errors.Join(err, serverErr); err != nil {
		return nil, fmt.Errorf("%s client: %w", who, err)
	}
	if err := r.readClient(who, dir); err != nil {
		return nil, fmt.Errorf("%s client left no readable log: %w\n%s", who, err, c.output)
	}
	if err := r.check(l); err != nil {
		return nil, fmt.Errorf("%s client: %w\n%s", who, err, c.output)
	}
	return r, os.RemoveAll(dir)
}

func (b *bench) runDir() (string, error) {
	b.runs++
	dir := filepath.Join(b.dir, strconv.Itoa(b.runs))
	return dir, os.Mkdir(dir, 0o700)
}

func (b *bench) client(ctx context.Context, who client, l load, url, dir string) *child {
	if who == bare {
		config, _ := json.Marshal(bareConfig{l.protocol, url, l.streams, l.chunks, l.spread,
			filepath.Join(dir, "bare.ndjson")})
		return newChild(ctx, b.self, "bare", string(config))
	}
	return b.k6Client(ctx, who, l, url, dir)
}

// k6Client runs the script of the protocol; further variables are the script's.
func (b *bench) k6Client(ctx context.Context, who client, l load, url, dir string, more ...string) *child {
	script := string(l.protocol) + ".js"
	if who == stock {
		script = "stock-" + script
	}
	c := newChild(ctx, b.k6, "run", "--quiet", "--no-color", "--no-usage-report", "--log-format", "raw",
		"--console-output", filepath.Join(dir, "console"), filepath.Join(b.scripts, script))
	timeline := "0"
	if l.timeline() {
		timeline = "1"
	}
	c.Env = append(c.Env, "WEIR_RUN_DIR="+dir, "BENCH_URL="+url, "BENCH_TIMELINE="+timeline,
		"BENCH_STREAMS="+strconv.Itoa(l.streams),
		"BENCH_SPREAD_SECONDS="+strconv.FormatFloat(l.spread.Seconds(), 'f', -1, 64))
	c.Env = append(c.Env, more...)
	return c
}

func (r *run) readClient(who client, dir string) (err error) {
	switch who {
	case bare:
		r.client, err = readLines[streamLog](filepath.Join(dir, "bare.ndjson"))
	case stock:
		r.client, err = readLines[streamLog](filepath.Join(dir, "console"))
	default:
		records, err := readLines[streamRecord](filepath.Join(dir, "streams.ndjson"))
		if err != nil {
			return err
		}
		for _, record := range records {
			r.client = append(r.client, record.log())
			r.clock = record.Clock
			if record.Stepped {
				return errors.New("the machine's clock was set while a stream was open: measure again")
			}
		}
	}
	return err
}

// check that the server could do what was asked of it: else the run is none.
func (r *run) check(l load) error {
	if len(r.server) != l.streams {
		return fmt.Errorf("%d of %d streams reached the server", len(r.server), l.streams)
	}
	want := l.chunks + wireOf(l.protocol).overhead()
	for _, log := range r.server {
		if log.Events != want {
			return fmt.Errorf("a stream was cut after %d of %d events", log.Events, want)
		}
	}
	return nil
}
