package exchange

import (
	"context"
	"net"
	"net/http"
	"time"
)

// idleFor is how long an unused connection stays open: longer than the pause between two questions
// of a chat, shorter than the patience of common servers.
const idleFor = 30 * time.Second

// Transport is a clone of a VU's own transport: its TLS, proxy, hosts, DNS, blacklists and byte
// counting hold, and its answer to noConnectionReuse. Only the pool is its own, because k6's keeps
// six connections a host and would close what more streams of one iteration gave back.
func Transport(own *http.Transport) *http.Transport {
	clone := own.Clone()
	clone.MaxIdleConns = 0
	clone.MaxIdleConnsPerHost = 1 << 16
	clone.IdleConnTimeout = idleFor
	// Three buffers a stream; net/http's default is 4 KiB each.
	clone.ReadBufferSize, clone.WriteBufferSize = smallBytes, smallBytes
	dial := own.DialContext
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	clone.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		iteration, tied := ctx.Value(iterationKey{}).(context.Context)
		if tied {
			own, cancel := context.WithCancel(ctx)
			defer cancel()
			defer context.AfterFunc(iteration, cancel)()
			ctx = own
		}
		inner, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		c := newConn(inner)
		if tied {
			c.untie = context.AfterFunc(iteration, func() { _ = inner.Close() })
		}
		return c, nil
	}
	return clone
}

// iterationKey is where a request's context holds that of its iteration. Net/http detaches a dial
// from its request, for the good of later ones: without it a dial, or a TLS handshake with a silent
// peer, would outlive the iteration.
type iterationKey struct{}
