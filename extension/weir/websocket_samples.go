package weir

import (
	"net"
	"strconv"
	"time"

	"go.k6.io/k6/v2/metrics"

	"github.com/k6-weir/xk6-weir/internal/exchange"
)

// The samples of k6/websockets, with its tags. Two things differ: messages are counted once per
// exchange, not one by one, and what is cut with its iteration is counted too. All of them are sent on
// the VU's goroutine inside an iteration, while k6 still takes samples.

// sampleOpening: an attempt, successful or not.
func (c *connection) sampleOpening() {
	c.tag()
	at, took := c.socket.Connecting()
	builtin := c.state.BuiltinMetrics
	if c.socket.Tried() {
		c.push(at, metrics.Samples{
			c.sampleOf(builtin.WSSessions, at, 1),
			c.sampleOf(builtin.WSConnecting, at, metrics.D(took)),
		})
	}
	c.sample()
}

// sampleExchange: the question, if it was sent, and what came since the last one.
func (c *connection) sampleExchange(result *exchange.Result) {
	if result.Seen.Marks.Sent != nil {
		c.push(result.EndedAt, metrics.Samples{
			c.sampleOf(c.state.BuiltinMetrics.WSMessagesSent, result.EndedAt, 1),
		})
	}
	c.sample()
}

// sample counts messages and, when the connection has ended, its session.
func (c *connection) sample() {
	now := time.Now()
	builtin := c.state.BuiltinMetrics
	var batch metrics.Samples
	if received := c.socket.TakeReceived(); received > 0 {
		batch = append(batch, c.sampleOf(builtin.WSMessagesReceived, now, float64(received)))
	}
	session, over := c.socket.Session()
	if over && !c.sampled {
		c.sampled = true
		batch = append(batch, c.sampleOf(builtin.WSSessionDuration, now, metrics.D(session)))
	}
	if over || !c.socket.Opened() {
		delete(c.m.sockets.open, c)
	}
	c.push(now, batch)
}

func (c *connection) push(at time.Time, batch metrics.Samples) {
	if len(batch) > 0 {
		c.state.Samples <- metrics.ConnectedSamples{Samples: batch, Tags: c.tags.Tags, Time: at}
	}
}

func (c *connection) sampleOf(metric *metrics.Metric, at time.Time, value float64) metrics.Sample {
	return metrics.Sample{
		TimeSeries: metrics.TimeSeries{Metric: metric, Tags: c.tags.Tags},
		Time:       at,
		Metadata:   c.tags.Metadata,
		Value:      value,
	}
}

// tag completes the tags by what the answer to the upgrade said.
func (c *connection) tag() {
	enabled := c.state.Options.SystemTags
	set := func(tag metrics.SystemTag, value string) {
		c.tags.SetSystemTagOrMetaIfEnabled(enabled, tag, value)
	}
	for name, value := range c.request.tags {
		c.tags.SetTag(name, value)
	}
	set(metrics.TagName, c.request.name)
	set(metrics.TagURL, c.request.name)
	if response := c.socket.Response(); response != nil {
		set(metrics.TagStatus, strconv.Itoa(response.StatusCode))
		if protocol := response.Header.Get("Sec-Websocket-Protocol"); protocol != "" {
			set(metrics.TagSubproto, protocol)
		}
	}
	if ip, _, err := net.SplitHostPort(c.socket.Remote()); err == nil {
		set(metrics.TagIP, ip)
	}
}
