package rules

import "sync"

// cached bounds the cache: a script has a handful of rules. One that makes new ones for each
// request is compiled each time instead of filling the memory.
const cached = 64

// Cache holds compiled rules by their JSON. It is safe for all VUs of the process.
type Cache struct {
	mu    sync.Mutex
	rules map[string]*Rules
}

// Compile is like the function, but compiles equal rules once.
func (c *Cache) Compile(source string) (*Rules, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.rules[source]; ok {
		return known, nil
	}
	compiled, err := Compile(source)
	if err != nil {
		return nil, err
	}
	if c.rules == nil {
		c.rules = map[string]*Rules{}
	}
	if len(c.rules) < cached {
		c.rules[source] = compiled
	}
	return compiled, nil
}
