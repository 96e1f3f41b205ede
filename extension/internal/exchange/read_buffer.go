package exchange

import "sync"

// A stream holds a small buffer while it waits: as much as net/http's own of this transport, so that
// a read returns all that one read of the connection brought. Most chunks of a chat are a tenth of
// that. The large one, of a TLS record and then some, is taken only while more comes.
const (
	smallBytes = 2 << 10
	largeBytes = 32 << 10
)

var (
	smallBuffers = sync.Pool{New: func() any { return new([smallBytes]byte) }}
	largeBuffers = sync.Pool{New: func() any { return new([largeBytes]byte) }}
)

// readBuffer is where the reads of one stream go.
type readBuffer struct {
	small *[smallBytes]byte
	large *[largeBytes]byte // nil while the small one is enough
	full  bool              // the last read left no room
}

// space to read into. What the last read returned is not valid any more.
func (b *readBuffer) space() []byte {
	switch {
	case b.full && b.large == nil:
		b.large, _ = largeBuffers.Get().(*[largeBytes]byte)
	case !b.full && b.large != nil:
		largeBuffers.Put(b.large)
		b.large = nil
	}
	if b.large != nil {
		return b.large[:]
	}
	if b.small == nil {
		b.small, _ = smallBuffers.Get().(*[smallBytes]byte)
	}
	return b.small[:]
}

// got is what a read returned.
func (b *readBuffer) got(n int) []byte {
	b.full = n >= smallBytes
	if b.large != nil {
		return b.large[:n]
	}
	return b.small[:n]
}

func (b *readBuffer) release() {
	if b.small != nil {
		smallBuffers.Put(b.small)
	}
	if b.large != nil {
		largeBuffers.Put(b.large)
	}
}
