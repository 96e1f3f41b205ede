package weir

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/k6-weir/xk6-weir/internal/record"
)

func TestConnectionOptionsAreChecked(t *testing.T) {
	v := newVU(t, "http://127.0.0.1:1")
	for script, want := range map[string]string{
		`{ maxConnections: 0 }`:                      `maxConnections must be a number from 1 to 1000000, got 0`,
		`{ tls: 'SECRET' }`:                          `tls must be an object, got a string`,
		`{ tls: { pem: 'SECRET' } }`:                 `tls.pem must not be there: the known keys are ca, cert, key, insecure, got a string`,
		`{ tls: { ca: 5 } }`:                         `tls.ca must be a string, got a number`,
		`{ tls: { insecure: 'yes' } }`:               `tls.insecure must be true or false, got "yes"`,
		`{ tls: { key: 'SECRET' } }`:                 `tls must hold both cert and key or none of them, got one`,
		`{ tls: { ca: 'SECRET' } }`:                  `tls.ca must hold a certificate as PEM text, got none`,
		`{ tls: { cert: 'SECRET', key: 'SECRET' } }`: `tls.cert and tls.key must be a certificate and its key as PEM texts: tls: failed to find any PEM data in certificate input`,
	} {
		var message string
		v.async(`try { await weir.httpStream(request(`+script+`)); } catch (e) { return e.message; }`, &message)
		require.Equal(t, want, message)
	}
}

// clientPair is a self-signed certificate and its key, as PEM.
func clientPair(t *testing.T) (cert, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(7), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	secret, err := x509.MarshalECPrivateKey(private)
	require.NoError(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}))
}

func TestTLSOptions(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("X-Client", fmt.Sprint(len(r.TLS.PeerCertificates)))
		_, _ = io.WriteString(w, "data: {\"text\":\"a\"}\n\ndata: [DONE]\n\n")
	}))
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert} //nolint:gosec // a test
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	cert, key := clientPair(t)
	v := newVU(t, server.URL)
	defer v.module.transport.closeTLS()
	for name, value := range map[string]string{"ca": ca, "cert": cert, "key": key} {
		require.NoError(t, v.VU.Runtime().Set(name, value))
	}
	for script, want := range map[string]struct{ end, client string }{
		`{}`:                          {"tls", ""},
		`{ tls: {} }`:                 {"tls", ""},
		`{ tls: { ca } }`:             {"complete", "0"},
		`{ tls: { insecure: true } }`: {"complete", "0"},
		`{ tls: { ca, cert, key } }`:  {"complete", "1"},
		`{ tls: { ca: cert } }`:       {"tls", ""},
	} {
		var seen []string
		v.async(`const h = await weir.httpStream(request(`+script+`));
			return [h.end.by, h.headers['x-client'] || ''];`, &seen)
		require.Equal(t, []string{want.end, want.client}, seen, script)
	}
	var reused bool
	v.async(`return (await weir.httpStream(request({ tls: { ca } }))).connection.reused;`, &reused)
	require.True(t, reused, "one transport for equal options")
	v.async(`for (let i = 0; i < 40; i += 1) await weir.httpStream(request({ url: 'http://127.0.0.1:1',
		tls: { ca: ca + '\n'.repeat(i) } }));`, nil)
	require.LessOrEqual(t, len(v.module.transport.byTLS), ownTLS)
}

func TestMaxConnectionsOfAVU(t *testing.T) {
	v := newVU(t, startServer(t))
	var seen struct {
		Ends  string
		Slots []float64
		Fresh int
	}
	v.async(`const all = await Promise.all([...Array(6)].map(() => weir.httpStream(request({ maxConnections: 2 }))));
		return { ends: [...new Set(all.map((h) => h.end.by))].join(), slots: all.map((h) => h.marks.slotFree),
			fresh: all.filter((h) => !h.connection.reused).length };`, &seen)
	require.Equal(t, "complete", seen.Ends)
	require.Len(t, seen.Slots, 6)
	require.LessOrEqual(t, seen.Fresh, 2)
	var none record.Observation
	v.async(`const { headers, frames, ...h } = await weir.httpStream(request()); return h;`, &none)
	require.Nil(t, none.Marks.SlotFree)
}

func TestAStreamWithoutAPlaceIsNoRequest(t *testing.T) {
	v := newVU(t, startServer(t))
	host := strings.TrimPrefix(v.run(`url`).String(), "http://")
	slot, err := v.module.root.slots.Take(t.Context(), host, 1, nil)
	require.NoError(t, err)
	defer slot.Release()
	var by string
	v.async(`const h = await weir.httpStream(request({ maxConnections: 1, timeouts: { ...timeouts, totalMs: 50 } }));
		return h.end.by + '/' + h.end.timeout;`, &by)
	require.Equal(t, "timeout/total", by)
	require.NotContains(t, v.taken(), "http_reqs")
}
