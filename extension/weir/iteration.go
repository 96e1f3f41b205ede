package weir

import (
	"context"
	"net/http"
	"sync"

	"go.k6.io/k6/v2/lib"

	"github.com/k6-weir/xk6-weir/internal/exchange"
)

// iteration is the one a VU is in.
type iteration struct {
	ctx context.Context
	// open are the streams whose result no emit has taken yet, by record id. When the iteration is
	// cut they are emitted as interrupted: no stream is lost.
	open map[string]*handle
}

// enter notices a new iteration by its context. What the last one left open stays unemitted: it
// ended by itself, so its script chose to.
func (m *module) enter(ctx context.Context) {
	if m.iteration.ctx == ctx {
		return
	}
	m.iteration = iteration{ctx: ctx, open: map[string]*handle{}}
	m.transport.enter(ctx, m.vu.State())
	m.sockets.enter()
}

// transports is the VU's own connection pool for streams.
type transports struct {
	clone *http.Transport
	mu    sync.Mutex // the end of an iteration closes what is idle, from another goroutine
	byTLS map[exchange.TLS]*http.Transport
	// closed is waited for before the next iteration: it closes the connections of the last one.
	closed chan struct{}
}

// enter is called first in each iteration.
func (t *transports) enter(ctx context.Context, state *lib.State) {
	if t.closed != nil {
		<-t.closed
		t.closed = nil
	}
	if t.of(state) == t.clone && state.Options.NoVUConnectionReuse.Bool {
		closed := make(chan struct{})
		context.AfterFunc(ctx, func() {
			t.clone.CloseIdleConnections()
			t.closeTLS()
			close(closed)
		})
		t.closed = closed
	}
}

// of is the transport for a VU. Another extension may have put something of its own in the place of
// k6's transport: that is used as it is.
func (t *transports) of(state *lib.State) http.RoundTripper {
	own, ok := state.Transport.(*http.Transport)
	if !ok {
		return state.Transport
	}
	if t.clone == nil {
		t.clone = exchange.Transport(own)
	}
	return t.clone
}
