package weir

import (
	"sync"

	"go.k6.io/k6/v2/js/modules"
)

// taskQueue brings the work of one goroutine to the event loop, in its order: k6 does not order
// callbacks that were registered apart. It always has one callback registered, so the iteration
// goes on until the last task ran.
type taskQueue struct {
	vu modules.VU

	mu    sync.Mutex
	tasks []func() error
	// enqueue is the registered callback; nil while run is on its way to the loop.
	enqueue func(func() error)
	closed  bool
}

// newTaskQueue must be called on the event loop.
func newTaskQueue(vu modules.VU) *taskQueue {
	return &taskQueue{vu: vu, enqueue: vu.RegisterCallback()}
}

// add a task from anywhere.
func (q *taskQueue) add(task func() error) { q.push(task, false) }

// close must be called once, with the last task.
func (q *taskQueue) close(last func() error) { q.push(last, true) }

func (q *taskQueue) push(task func() error, last bool) {
	q.mu.Lock()
	q.tasks = append(q.tasks, task)
	q.closed = last
	enqueue := q.enqueue
	q.enqueue = nil
	q.mu.Unlock()
	if enqueue != nil {
		enqueue(q.run)
	}
}

// run is on the event loop. All tasks run, whatever becomes of one; the first error is theirs.
func (q *taskQueue) run() error {
	q.mu.Lock()
	tasks := q.tasks
	q.tasks = nil
	if !q.closed {
		q.enqueue = q.vu.RegisterCallback()
	}
	q.mu.Unlock()
	var first error
	for _, task := range tasks {
		if err := task(); err != nil && first == nil {
			first = err
		}
	}
	return first
}
