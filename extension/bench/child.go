package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// child is a process of its own, ended with the context that it was made with.
type child struct {
	*exec.Cmd
	output *head
}

// newChild keeps the first of what it prints, for the case that it fails: the later errors of a load
// test are mostly echoes.
func newChild(ctx context.Context, program string, arguments ...string) *child {
	c := &child{exec.CommandContext(ctx, program, arguments...), &head{}}
	c.Stdout, c.Stderr = c.output, c.output
	c.WaitDelay = 2 * time.Second
	c.Env = environment()
	ownGroup(c.Cmd)
	return c
}

// wait gives the CPU time of the process, user and system.
func (c *child) wait(ctx context.Context) (time.Duration, error) {
	err := c.Wait()
	if ctx.Err() != nil {
		return 0, fmt.Errorf("it was given up: %w", context.Cause(ctx))
	}
	if err != nil {
		return 0, fmt.Errorf("%w\n%s", err, c.output)
	}
	return c.ProcessState.UserTime() + c.ProcessState.SystemTime(), nil
}

// environment without what would change k6's doing, and with what keeps it here.
func environment() []string {
	kept := []string{"K6_AUTO_EXTENSION_RESOLUTION=false"}
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "K6_") && !strings.HasPrefix(entry, "WEIR_") {
			kept = append(kept, entry)
		}
	}
	return kept
}

// head is the first 512 bytes of an output.
type head struct{ text []byte }

func (h *head) Write(b []byte) (int, error) {
	const kept = 512
	h.text = append(h.text, b[:min(len(b), kept-len(h.text))]...)
	return len(b), nil
}

func (h *head) String() string { return strings.TrimSpace(string(h.text)) }

// peer is a running server.
type peer struct {
	*child
	stdin   io.Closer
	address string
	logs    string
}

func (b *bench) startServer(ctx context.Context, logs string) (*peer, error) {
	p := &peer{child: newChild(ctx, b.self, "server", logs), logs: logs}
	stdin, err := p.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.Stdout = nil
	stdout, err := p.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.Start(); err != nil {
		return nil, err
	}
	p.stdin = stdin
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		_, waited := p.wait(ctx)
		return nil, fmt.Errorf("the server did not start: %w", errors.Join(err, waited))
	}
	p.address = strings.TrimSpace(line)
	return p, nil
}

func (p *peer) url(l load) string {
	if l.protocol == ws {
		return "ws://" + p.address + "/ws" + l.query()
	}
	return "http://" + p.address + "/sse" + l.query()
}

// stop ends the server and reads what it wrote when.
func (p *peer) stop(ctx context.Context) ([]*streamLog, error) {
	_ = p.stdin.Close()
	if _, err := p.wait(ctx); err != nil {
		return nil, fmt.Errorf("the server: %w", err)
	}
	return readLines[streamLog](p.logs)
}
