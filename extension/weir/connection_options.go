package weir

import (
	"fmt"
	"net/http"

	"go.k6.io/k6/v2/lib"

	"github.com/k6-weir/xk6-weir/internal/exchange"
)

// readMaxConnections is 0 for no limit.
func readMaxConnections(given object) int {
	if !given.given("maxConnections") {
		return 0
	}
	return int(given.number("maxConnections", 1, 1e6))
}

// readTLS is nil when k6's own options hold. Its texts are secret.
func readTLS(given object) *exchange.TLS {
	if !given.given("tls") {
		return nil
	}
	if value := given.get("tls"); !isObject(value) {
		given.failSecret("tls", "be an object", kindOf(value)) // perhaps a key
		return nil
	}
	t := given.child("tls", "ca", "cert", "key", "insecure")
	options := &exchange.TLS{
		CA: t.optional("ca"), Cert: t.optional("cert"), Key: t.optional("key"),
		Insecure: t.optionalFlag("insecure"),
	}
	if (options.Cert == "") != (options.Key == "") {
		given.failSecret("tls", "hold both cert and key or none of them", "one")
	}
	return options
}

// ownTLS is how many sets of TLS options a VU keeps connections for. Scripts have one or two; one that
// makes them up anew for each stream must not fill the memory.
const ownTLS = 16

// with is the transport for a VU's streams with TLS options, nil for k6's own.
func (t *transports) with(state *lib.State, options *exchange.TLS) (http.RoundTripper, error) {
	if options == nil {
		return t.of(state), nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if known, ok := t.byTLS[*options]; ok {
		return known, nil
	}
	own, ok := state.Transport.(*http.Transport)
	if !ok {
		return nil, fmt.Errorf("tls must not be there: another extension has replaced k6's transport")
	}
	made, err := exchange.TransportTLS(own, *options)
	if err != nil {
		return nil, err
	}
	if len(t.byTLS) >= ownTLS {
		t.closeIdle()
		t.byTLS = nil
	}
	if t.byTLS == nil {
		t.byTLS = map[exchange.TLS]*http.Transport{}
	}
	t.byTLS[*options] = made
	return made, nil
}

// closeTLS closes what is idle.
func (t *transports) closeTLS() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closeIdle()
}

func (t *transports) closeIdle() {
	for _, transport := range t.byTLS {
		transport.CloseIdleConnections()
	}
}
