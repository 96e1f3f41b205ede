package weir

import (
	"context"
	"errors"
	"sync"

	"github.com/grafana/sobek"

	"github.com/k6-weir/xk6-weir/internal/collect"
)

// maxWaiting bounds the bytes that wait for a script that is slower than its stream. A stream that
// is this far ahead is read no further meanwhile; its arrival stamps stay right where the kernel
// gives them.
const maxWaiting = 1 << 20

// errThrown is why a stream ended whose onEvents threw.
var errThrown = errors.New("onEvents threw an exception")

// bursts calls a script's onEvents, once for each read of a stream, on the event loop. All calls are
// over before the stream's promise is settled, because that goes through the same queue, last.
type bursts struct {
	rt    *sobek.Runtime
	ctx   context.Context // of the iteration
	queue *taskQueue
	call  sobek.Callable
	// stop the stream: its script threw.
	stop context.CancelCauseFunc
	// thrown is the exception; touched on the event loop only. Nothing is called after it.
	thrown error

	mu      sync.Mutex
	room    *sync.Cond
	waiting int // bytes
}

func newBursts(rt *sobek.Runtime, ctx context.Context, queue *taskQueue, call sobek.Callable, stop context.CancelCauseFunc) *bursts { //nolint:revive // the runtime goes first
	b := &bursts{rt: rt, ctx: ctx, queue: queue, call: call, stop: stop}
	b.room = sync.NewCond(&b.mu)
	return b
}

// deliver is the stream's OnBurst: on its goroutine.
func (b *bursts) deliver(frames []collect.Frame) {
	size := 0
	for _, frame := range frames {
		size += len(frame.Data)
	}
	wake := context.AfterFunc(b.ctx, b.wake)
	b.mu.Lock()
	for b.waiting > 0 && b.waiting+size > maxWaiting && b.ctx.Err() == nil {
		b.room.Wait()
	}
	b.waiting += size
	b.mu.Unlock()
	wake()
	b.queue.add(func() error {
		b.hand(frames)
		b.mu.Lock()
		b.waiting -= size
		b.mu.Unlock()
		b.wake()
		return nil
	})
}

func (b *bursts) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.room.Broadcast()
}

// hand calls the script, unless that was interrupted or has thrown.
func (b *bursts) hand(frames []collect.Frame) {
	if b.thrown != nil || b.ctx.Err() != nil {
		return
	}
	_, err := b.call(sobek.Undefined(), framesToJS(b.rt, frames))
	if err != nil && b.ctx.Err() == nil {
		b.thrown = err
		b.stop(errThrown)
	}
}

func framesToJS(rt *sobek.Runtime, frames []collect.Frame) sobek.Value {
	items := make([]any, len(frames))
	for i, frame := range frames {
		item := rt.NewObject()
		_ = item.Set("event", frame.Event)
		_ = item.Set("data", frame.Data)
		_ = item.Set("at", frame.At)
		_ = item.Set("kind", frame.Kind)
		items[i] = item
	}
	return rt.NewArray(items...)
}

// exception is the value that a script threw.
func exception(rt *sobek.Runtime, err error) sobek.Value {
	var thrown *sobek.Exception
	if errors.As(err, &thrown) {
		return thrown.Value()
	}
	return rt.NewGoError(err)
}
