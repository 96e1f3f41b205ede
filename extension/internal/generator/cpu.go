package generator

import (
	"runtime"
	"sync"
	"time"
)

// CPU is how much of the cores it may use this process used between two looks: 1 is all of them,
// all the time. In a container the cores are those of its limit, not those of the machine.
type CPU struct {
	window time.Duration
	now    func() time.Time
	used   func() (time.Duration, bool)
	cores  func() int

	mu     sync.Mutex
	at     time.Time
	before time.Duration
}

// NewCPU looks at windows no shorter than this: a short one is mostly rounding.
func NewCPU(window time.Duration) *CPU {
	return &CPU{window: window, now: time.Now, used: processCPU, cores: cores}
}

// Begin the first window, unless it has begun.
func (c *CPU) Begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() {
		c.look()
	}
}

// Share since the last call that gave one. False within the window, at the first call, which only
// starts it, and on a system that does not tell.
func (c *CPU) Share() (float64, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.at.IsZero() && c.now().Sub(c.at) < c.window {
		return 0, false
	}
	began, before := c.at, c.before
	if !c.look() || began.IsZero() {
		return 0, false
	}
	return min(1, float64(c.before-before)/float64(c.at.Sub(began))/float64(c.cores())), true
}

func (c *CPU) look() bool {
	used, ok := c.used()
	if ok {
		c.at, c.before = c.now(), used
	}
	return ok
}

func cores() int { return min(runtime.GOMAXPROCS(0), runtime.NumCPU()) }
