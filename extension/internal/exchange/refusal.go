package exchange

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/k6-weir/xk6-weir/internal/record"
	"github.com/k6-weir/xk6-weir/internal/rules"
)

// maxRefusalBytes: quota and auth errors are short. What is longer is somebody's error page.
const maxRefusalBytes = 64 << 10

var streamTypes = map[rules.Framing][]string{
	rules.SSE:    {"text/event-stream"},
	rules.NDJSON: {"application/x-ndjson", "application/json", "application/jsonl"},
}

// isStream: a 2xx answer of the right type. Parameters and a trailing semicolon are allowed.
func isStream(f rules.Framing, response *http.Response) bool {
	if !isSuccess(response) {
		return false
	}
	given := mediaType(response)
	for _, accepted := range streamTypes[f] {
		if given == accepted {
			return true
		}
	}
	return false
}

func isSuccess(response *http.Response) bool {
	return response.StatusCode >= 200 && response.StatusCode <= 299
}

func mediaType(response *http.Response) string {
	name, _, _ := strings.Cut(response.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(name))
}

// refused reads the body of an answer that is not a stream: it says why. Whatever happens to the
// body, the stream was refused.
func (x *exchange) refused(response *http.Response, decoded io.Reader) {
	body, err := x.readRefusal(decoded)
	x.endedAt = time.Now()
	text := string(body)
	x.result.Refusal = &text
	x.result.Err = err
	seen := &x.result.Seen
	seen.End = record.End{By: record.EndRefused}
	seen.Error = refusalError(x.request.Rules, response, body)
}

func (x *exchange) readRefusal(body io.Reader) ([]byte, error) {
	read := make([]byte, 0, 512)
	for len(read) < maxRefusalBytes {
		if len(read) == cap(read) {
			read = append(read, 0)[:len(read)]
		}
		n, err := body.Read(read[len(read):min(cap(read), maxRefusalBytes)])
		if n > 0 {
			x.watch.read()
			x.body.read(n, x.arrival().at, false)
			read = read[:len(read)+n]
		}
		if errors.Is(err, io.EOF) {
			return read, nil
		}
		if err != nil {
			return read, err
		}
	}
	return read, nil
}

// refusalError says what the service said. The text of a successful answer stays out of it: it may
// be the whole reply of a service that was not asked for a stream, and no record holds replies.
func refusalError(r *rules.Rules, response *http.Response, body []byte) *record.StreamError {
	found, isJSON := r.ErrorInBody(body)
	switch {
	case isSuccess(response) && found.Code == "" && found.Message == "":
		found.Message = record.ServerText(
			fmt.Sprintf("the answer is of type %q, not a stream", mediaType(response)))
	case !isSuccess(response) && !isJSON && found.Message == "":
		found.Message = record.ServerText(string(body))
	}
	return found
}
