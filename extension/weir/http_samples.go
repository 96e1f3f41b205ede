package weir

import (
	"errors"
	"io"
	"net"
	"strconv"
	"syscall"

	"go.k6.io/k6/v2/lib/netext"
	"go.k6.io/k6/v2/lib/netext/httpext"
	"go.k6.io/k6/v2/metrics"
	"gopkg.in/guregu/null.v3"

	"github.com/k6-weir/xk6-weir/internal/exchange"
	"github.com/k6-weir/xk6-weir/internal/record"
)

// trail is k6's own measurement of a request, with the tags k6 gives it (httpext/transport.go, which
// is not public). For a stream http_req_duration ends with the body.
func (c *call) trail(tracer *httpext.Tracer, result *exchange.Result) *httpext.Trail {
	trail := tracer.Done()
	tags := c.tags.Clone()
	enabled := c.state.Options.SystemTags
	set := func(tag metrics.SystemTag, value string) {
		tags.SetSystemTagOrMetaIfEnabled(enabled, tag, value)
	}
	for name, value := range c.request.tags {
		tags.SetTag(name, value)
	}
	set(metrics.TagName, c.request.name)
	set(metrics.TagURL, c.request.name)
	set(metrics.TagMethod, c.request.HTTP.Method)
	status := 0
	if response := result.Response; result.Err != nil || response == nil {
		code, text := errorTags(result)
		set(metrics.TagError, text)
		set(metrics.TagErrorCode, strconv.Itoa(code))
	} else {
		status = response.StatusCode
		if status >= 400 {
			set(metrics.TagErrorCode, strconv.Itoa(1000+status))
		}
		set(metrics.TagProto, response.Proto)
		if response.TLS != nil {
			info, ocsp := netext.ParseTLSConnState(response.TLS)
			set(metrics.TagTLSVersion, info.Version)
			set(metrics.TagOCSPStatus, ocsp.Status)
		}
	}
	set(metrics.TagStatus, strconv.Itoa(status))
	if remote := trail.ConnRemoteAddr; remote != nil {
		if ip, _, err := net.SplitHostPort(remote.String()); err == nil {
			set(metrics.TagIP, ip)
		}
	}
	expected := status >= 200 && status <= 399
	set(metrics.TagExpectedResponse, strconv.FormatBool(expected))
	trail.SaveSamples(c.state.BuiltinMetrics, &tags)
	c.addFailed(trail, &tags, !expected)
	return trail
}

func (c *call) addFailed(trail *httpext.Trail, tags *metrics.TagsAndMeta, failed bool) {
	trail.Failed = null.BoolFrom(failed)
	value := 0.0
	if failed {
		value = 1
	}
	trail.Samples = append(trail.Samples, metrics.Sample{
		TimeSeries: metrics.TimeSeries{Metric: c.state.BuiltinMetrics.HTTPReqFailed, Tags: tags.Tags},
		Time:       trail.EndTime,
		Metadata:   tags.Metadata,
		Value:      value,
	})
}

// errorTags are k6's documented error codes: the function of k6 that finds them is not public. The
// texts are few, because every one makes a time series, and none has an address or a URL in it.
func errorTags(result *exchange.Result) (code int, text string) {
	var blacklisted netext.BlackListedIPError
	var blocked netext.BlockedHostError
	switch end := result.Seen.End; {
	case errors.As(result.Err, &blacklisted):
		return 1110, "ip is blacklisted"
	case errors.As(result.Err, &blocked):
		return 1111, "hostname is blocked"
	case errors.Is(result.Err, syscall.ECONNREFUSED):
		return 1212, "dial: connection refused"
	case errors.Is(result.Err, syscall.ECONNRESET):
		return 1220, "read: connection reset by peer"
	case end.By == record.EndDNS:
		return 1101, "lookup: no such host"
	case end.By == record.EndTLS:
		return 1300, "tls: handshake failed"
	case end.Timeout == "connect":
		return 1211, "dial: i/o timeout"
	case end.By == record.EndTimeout:
		return 1050, "request timeout"
	case end.By == record.EndRefused && result.Response == nil:
		return 1210, "dial: no connection"
	case errors.Is(result.Err, io.ErrUnexpectedEOF):
		return 1000, "unexpected EOF"
	default:
		return 1000, end.By
	}
}
