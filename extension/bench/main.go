// Command bench measures what k6/x/weir costs and how far its numbers are off, against a bare Go
// client that only reads, splits and stamps. `npm run bench:extension` starts it; README.md says what
// each figure means and when it lies.
//
// CPU time is user and system time of a whole process, so everything measured is a process of its
// own: this program starts itself again as the server and as the bare client, and bin/k6 with the
// scripts of this folder. Each run has a fresh server, which leaves behind what it wrote when.
//
// It asserts nothing: aims stand beside the figures. It fails when it could not measure, or when a
// chunk was lost or counted twice.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := start(ctx, os.Args[1:]); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(os.Stderr, "bench: %s\n", err)
		}
		stop()
		os.Exit(1)
	}
}

func start(ctx context.Context, arguments []string) error {
	if len(arguments) == 2 {
		switch arguments[0] {
		case "server":
			return serve(ctx, arguments[1])
		case "bare":
			return runBare(ctx, arguments[1])
		}
	}
	o, err := readOptions(arguments, os.Stderr)
	if err != nil {
		return err
	}
	if runtime.GOOS != "linux" {
		return fmt.Errorf("the benchmark runs on Linux only, this is %s: it reads /proc", runtime.GOOS)
	}
	return measure(ctx, o)
}

// measure runs the parts one after the other. One that fails does not take the others with it.
func measure(ctx context.Context, o options) (err error) {
	b, err := newBench(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	found := &results{Streams: pacedStreams, ChunksPerSecond: pacedStreams * pacedRate,
		Rounds: o.rounds, Seconds: o.seconds, Machine: describeMachine(ctx, o.k6)}
	parts := []struct {
		name string
		run  func(context.Context) error
	}{
		{"sse", func(ctx context.Context) (err error) { found.SSE, err = b.paced(ctx, sse); return err }},
		{"ws", func(ctx context.Context) (err error) { found.WS, err = b.paced(ctx, ws); return err }},
		{"memory", func(ctx context.Context) (err error) { found.Memory, err = b.memory(ctx); return err }},
		{"unpaced", func(ctx context.Context) (err error) { found.Unpaced, err = b.unpaced(ctx); return err }},
	}
	var failed error
	for _, part := range parts {
		if o.only != "" && o.only != part.name {
			continue
		}
		if err := part.run(ctx); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s could not be measured: %w", part.name, err))
		}
		if ctx.Err() != nil {
			return errors.New("interrupted")
		}
	}
	if err := b.print(found); err != nil {
		return err
	}
	if lost := found.lost(); lost > 0 {
		failed = errors.Join(failed, fmt.Errorf("%d events were lost or counted twice", lost))
	}
	return failed
}

// print puts the one result on stdout. With --json the table goes to stderr, for who watches.
func (b *bench) print(found *results) error {
	table := io.Writer(os.Stdout)
	if b.json {
		table = os.Stderr
		if err := writeJSON(os.Stdout, found); err != nil {
			return err
		}
	}
	return writeTable(table, found)
}
