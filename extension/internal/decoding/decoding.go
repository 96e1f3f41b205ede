// Package decoding undoes the content coding of a body (gzip, br, zstd) while it streams: what a
// server flushed is handed out as soon as it has arrived.
//
// A body is hostile: it may grow without end, want a huge window or be no such coding at all. Each of
// these is an Error; what the connection itself had to say comes through as it is.
package decoding

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	// MaxBytes of one decoded body. No chat answer is that long.
	MaxBytes = 256 << 20
	// maxWindow is what RFC 8878 asks every decoder to support. Brotli's is at most 16 MiB by itself.
	maxWindow = 8 << 20
)

// Error says what is wrong with a coding.
type Error struct {
	coding string
	err    error
}

func (e *Error) Error() string { return fmt.Sprintf("the content coding %s: %s", e.coding, e.err) }

func (e *Error) Unwrap() error { return e.err }

var (
	errTooLong = errors.New("more than 268435456 decoded bytes")
	errUnknown = errors.New("neither gzip, br nor zstd")
)

// Body is the decoded body of a response. Close gives back what a decoder holds and leaves the body
// of the response to its owner.
func Body(response *http.Response) io.ReadCloser {
	coding := codingOf(response.Header)
	if coding == "" {
		return io.NopCloser(response.Body)
	}
	return &body{coding: coding, source: source{Reader: response.Body}, left: MaxBytes}
}

// codingOf is empty for a body that is not encoded. Several codings on top of each other are one that
// nobody knows: no server of a stream does that.
func codingOf(header http.Header) string {
	var codings []string
	for _, name := range strings.Split(strings.Join(header.Values("Content-Encoding"), ","), ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if name != "" && name != "identity" {
			codings = append(codings, name)
		}
	}
	return strings.Join(codings, ", ")
}

type body struct {
	coding  string
	source  source
	decoder io.Reader
	closer  func()
	left    int64
	err     error // final
}

// Read implements io.Reader. It opens the decoder, because that may wait for the first bytes.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	if b.decoder == nil {
		if err := b.open(); err != nil {
			b.err = b.judge(err)
			return 0, b.err
		}
	}
	n, err := b.decoder.Read(p)
	if b.left -= int64(n); b.left < 0 {
		err = errTooLong
	}
	b.err = b.judge(err)
	return n, b.err
}

func (b *body) open() (err error) {
	switch b.coding {
	case "gzip", "x-gzip":
		b.decoder, err = gzip.NewReader(&b.source)
	case "br":
		b.decoder = brotli.NewReader(&b.source)
	case "zstd":
		var decoder *zstd.Decoder
		decoder, err = zstd.NewReader(&b.source, zstd.WithDecoderConcurrency(1), // no goroutines
			zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err == nil {
			b.decoder, b.closer = decoder, decoder.Close
		}
	default:
		err = errUnknown
	}
	return err
}

// judge tells an error of the connection from one of the coding. A body that ends inside its coding
// is broken, one that was empty from the start just ended.
func (b *body) judge(err error) error {
	switch failed := b.source.err; {
	case err == nil:
		return nil
	case errors.Is(err, errTooLong):
	case failed != nil && !errors.Is(failed, io.EOF):
		return failed
	case b.source.empty && failed != nil, err == io.EOF: //nolint:errorlint // an io.Reader returns it bare
		return io.EOF
	}
	return &Error{b.coding, err}
}

// Close implements io.Closer.
func (b *body) Close() error {
	if b.closer != nil {
		b.closer()
		b.closer = nil
	}
	b.err = io.ErrClosedPipe
	return nil
}

// source remembers how the encoded body ended: decoders wrap errors or replace them.
type source struct {
	io.Reader
	err   error
	some  bool
	empty bool
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.some = s.some || n > 0
	if err != nil {
		s.err = err
		s.empty = !s.some
	}
	return n, err
}
