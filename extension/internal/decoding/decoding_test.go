package decoding

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type encoder interface {
	io.WriteCloser
	Flush() error
}

var encoders = map[string]func(io.Writer) encoder{
	"gzip": func(w io.Writer) encoder { return gzip.NewWriter(w) },
	"br":   func(w io.Writer) encoder { return brotli.NewWriter(w) },
	"zstd": func(w io.Writer) encoder {
		e, _ := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
		return e
	},
}

func decoded(coding string, encoded io.Reader) io.ReadCloser {
	return Body(&http.Response{
		Header: http.Header{"Content-Encoding": {coding}}, Body: io.NopCloser(encoded),
	})
}

func encode(t testing.TB, coding string, text []byte) []byte {
	var encoded bytes.Buffer
	e := encoders[coding](&encoded)
	_, err := e.Write(text)
	require.NoError(t, err)
	require.NoError(t, e.Close())
	return encoded.Bytes()
}

// Each flushed piece comes out before the next one is sent.
func TestPiecesComeOutAsTheyArrive(t *testing.T) {
	for coding, start := range encoders {
		t.Run(coding, func(t *testing.T) {
			reader, writer := io.Pipe()
			body := decoded(coding, reader)
			defer func() { _ = body.Close() }()
			next, sent := make(chan string), make(chan struct{})
			go func() {
				defer close(sent)
				e := start(writer)
				for text := range next {
					_, _ = e.Write([]byte(text))
					_ = e.Flush()
				}
				_ = e.Close()
				_ = writer.Close()
			}()
			for _, text := range []string{"data: 1\n\n", "x", strings.Repeat("long ", 5000), "文\n"} {
				next <- text
				got := make([]byte, len(text))
				_, err := io.ReadFull(body, got)
				require.NoError(t, err)
				require.Equal(t, text, string(got))
			}
			close(next)
			rest, err := io.ReadAll(body)
			require.NoError(t, err)
			require.Empty(t, rest)
			<-sent
		})
	}
}

func TestCodings(t *testing.T) {
	for header, want := range map[string]string{
		"": "", "identity": "", "GZIP": "gzip", " br ": "br", "identity, zstd": "zstd", "gzip, br": "gzip, br",
	} {
		require.Equal(t, want, codingOf(http.Header{"Content-Encoding": {header}}), header)
	}
	plain, err := io.ReadAll(decoded("identity", strings.NewReader("a")))
	require.NoError(t, err)
	require.Equal(t, "a", string(plain))
	body := decoded("deflate", strings.NewReader("a"))
	for range 2 {
		_, err = body.Read(make([]byte, 1))
		require.EqualError(t, err, "the content coding deflate: neither gzip, br nor zstd")
	}
}

func TestBrokenCodings(t *testing.T) {
	noise := make([]byte, 4000)
	_, _ = rand.Read(noise)
	gone := errors.New("connection reset by peer")
	for coding := range encoders {
		whole := encode(t, coding, noise)
		for name, encoded := range map[string]io.Reader{
			"cut off":        bytes.NewReader(whole[:len(whole)/2]),
			"noise":          strings.NewReader("data: this is no such coding\n\n"),
			"followed by it": io.MultiReader(bytes.NewReader(whole), strings.NewReader("noise")),
		} {
			_, err := io.ReadAll(decoded(coding, encoded))
			var broken *Error
			require.ErrorAs(t, err, &broken, "%s %s", coding, name)
		}
		_, err := io.ReadAll(decoded(coding, io.MultiReader(bytes.NewReader(whole[:len(whole)/2]), failing{gone})))
		require.Equal(t, gone, err, "what the connection says comes through")
		empty, err := io.ReadAll(decoded(coding, strings.NewReader("")))
		require.NoError(t, err, coding)
		require.Empty(t, empty)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestABombIsStopped(t *testing.T) {
	const bound = 4 << 20 // in place of MaxBytes, which takes the race detector half a minute
	for coding := range encoders {
		bomb := decoded(coding, bytes.NewReader(encode(t, coding, make([]byte, 2*bound)))).(*body)
		require.Equal(t, int64(256<<20), bomb.left)
		bomb.left = bound
		n, err := io.Copy(io.Discard, bomb)
		require.ErrorIs(t, err, errTooLong, coding)
		require.LessOrEqual(t, n, int64(bound+1<<20))
	}
}

func TestAZstdWindowIsBounded(t *testing.T) {
	var encoded bytes.Buffer
	e, err := zstd.NewWriter(&encoded, zstd.WithWindowSize(16<<20), zstd.WithEncoderConcurrency(1))
	require.NoError(t, err)
	_, _ = e.Write([]byte("a"))
	_ = e.Flush()
	_, _ = e.Write(make([]byte, 1000))
	require.NoError(t, e.Close())
	_, err = io.ReadAll(decoded("zstd", &encoded))
	require.ErrorIs(t, err, zstd.ErrWindowSizeExceeded)
}

// No input makes a decoder panic or fail in another way than with an Error.
func FuzzDecoding(f *testing.F) {
	for coding := range encoders {
		f.Add(coding, encode(f, coding, []byte("data: {\"text\":\"ab\"}\n\ndata: [DONE]\n\n")))
	}
	f.Fuzz(func(t *testing.T, coding string, encoded []byte) {
		body := decoded(coding, bytes.NewReader(encoded))
		defer func() { _ = body.Close() }()
		_, err := io.Copy(io.Discard, io.LimitReader(body, 1<<20))
		var broken *Error
		if err != nil && !errors.As(err, &broken) {
			t.Errorf("%v", err)
		}
	})
}
