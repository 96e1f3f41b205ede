package weir

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.k6.io/k6/v2/lib/netext"

	"github.com/k6-weir/xk6-weir/internal/exchange"
	"github.com/k6-weir/xk6-weir/internal/record"
)

func TestHTTPSamplesAreThoseOfK6(t *testing.T) {
	url := startServer(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	nobody := "http://" + listener.Addr().String() + "/?SECRET"
	require.NoError(t, listener.Close())
	for name, row := range map[string]struct {
		script string
		tags   map[string]string
		failed float64
	}{
		"a stream": {`request({ tags: { mine: 'x' } })`, map[string]string{
			"scenario": "s1", "name": "plain /ok", "url": "plain /ok", "method": "POST", "status": "200",
			"proto": "HTTP/1.1", "expected_response": "true", "mine": "x", "ip": "127.0.0.1",
		}, 0},
		"a refusal": {`request({ url: url + '/refused', method: 'GET' })`, map[string]string{
			"scenario": "s1", "name": "plain /ok", "url": "plain /ok", "method": "GET", "status": "429",
			"proto": "HTTP/1.1", "expected_response": "false", "error_code": "1429", "ip": "127.0.0.1",
		}, 1},
		"a timeout": {`request({ url: url + '/slow', timeouts: { ...timeouts, idleMs: 50 } })`, map[string]string{
			"scenario": "s1", "name": "plain /ok", "url": "plain /ok", "method": "POST", "status": "0",
			"expected_response": "false", "error_code": "1050", "error": "request timeout", "ip": "127.0.0.1",
		}, 1},
		"no connection": {`request({ url: '` + nobody + `' })`, map[string]string{
			"scenario": "s1", "name": "plain /ok", "url": "plain /ok", "method": "POST", "status": "0",
			"expected_response": "false", "error_code": "1212", "error": "dial: connection refused",
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVU(t, url)
			v.async(`await weir.httpStream(`+row.script+`);`, nil)
			samples := v.taken()
			for _, metric := range []string{
				"http_reqs", "http_req_duration", "http_req_blocked", "http_req_connecting",
				"http_req_tls_handshaking", "http_req_sending", "http_req_waiting", "http_req_receiving",
				"http_req_failed",
			} {
				require.Len(t, samples[metric], 1, metric)
				require.Equal(t, row.tags, samples[metric][0].Tags.Map(), metric)
			}
			require.InDelta(t, row.failed, samples["http_req_failed"][0].Value, 0)
			require.Len(t, samples, 9, "nothing else before emit")
		})
	}
}

func TestErrorTags(t *testing.T) {
	ended := func(by string) record.Observation { return record.Observation{End: record.End{By: by}} }
	timeout := ended("timeout")
	timeout.End.Timeout = "connect"
	for text, row := range map[string]struct {
		code   int
		result exchange.Result
	}{
		"ip is blacklisted":              {1110, exchange.Result{Err: netext.BlackListedIPError{}, Seen: ended("refused")}},
		"hostname is blocked":            {1111, exchange.Result{Err: netext.BlockedHostError{}, Seen: ended("refused")}},
		"dial: connection refused":       {1212, exchange.Result{Err: syscall.ECONNREFUSED, Seen: ended("refused")}},
		"read: connection reset by peer": {1220, exchange.Result{Err: syscall.ECONNRESET, Seen: ended("reset")}},
		"lookup: no such host":           {1101, exchange.Result{Err: &net.DNSError{}, Seen: ended("dns")}},
		"tls: handshake failed":          {1300, exchange.Result{Err: io.EOF, Seen: ended("tls")}},
		"dial: i/o timeout":              {1211, exchange.Result{Err: context.Canceled, Seen: timeout}},
		"request timeout":                {1050, exchange.Result{Err: context.Canceled, Seen: ended("timeout")}},
		"dial: no connection":            {1210, exchange.Result{Err: errors.New("odd"), Seen: ended("refused")}},
		"unexpected EOF":                 {1000, exchange.Result{Err: io.ErrUnexpectedEOF, Seen: ended("reset")}},
		"reset":                          {1000, exchange.Result{Err: errors.New("from the server"), Seen: ended("reset")}},
	} {
		code, got := errorTags(&row.result)
		require.Equal(t, text, got)
		require.Equal(t, row.code, code, text)
	}
}
