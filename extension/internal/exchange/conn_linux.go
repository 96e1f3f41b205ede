package exchange

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socket reads a TCP connection together with the kernel's arrival stamps (SO_TIMESTAMPNS). A read
// allocates nothing and waits in Go's poller, as an ordinary one does, so deadlines and Close hold.
type socket struct {
	net.Conn
	raw     syscall.RawConn
	receive func(fd uintptr) bool // a method value made once: making one is an allocation

	stamp   int64 // of the last read, epoch ns; 0: the kernel gave none
	n       int
	err     error
	header  unix.Msghdr
	into    unix.Iovec
	control [controlBytes]byte
}

// controlBytes has room for the one control message that was asked for, and another.
const controlBytes = 64

// newSocket is nil when the connection is not TCP or the kernel gives no stamps.
func newSocket(inner net.Conn) *socket {
	tcp, ok := inner.(*net.TCPConn)
	if !ok {
		return nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil
	}
	if controlErr := raw.Control(func(fd uintptr) { err = enableStamps(int(fd)) }); controlErr != nil || err != nil {
		return nil
	}
	EnableArrivalStamps()
	s := &socket{Conn: tcp, raw: raw}
	s.receive = s.receiveOnce
	return s
}

func enableStamps(fd int) error {
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
}

// EnableArrivalStamps holds one socket with stamps for the life of the process. The kernel stamps
// packets only while some socket of the machine asks for it and switches that with a delay: the first
// packets of a connection that is alone in this would have no stamp. To be called some time before
// the first stream.
var EnableArrivalStamps = sync.OnceFunc(func() {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		_ = enableStamps(fd)
	}
})

// Read implements net.Conn.
func (s *socket) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	s.into.Base = &b[0]
	s.into.SetLen(len(b))
	err := s.raw.Read(s.receive)
	s.into.Base = nil
	switch {
	case err != nil: // closed, or the deadline
		return 0, s.failed(err)
	case s.err != nil:
		return 0, s.failed(os.NewSyscallError("recvmsg", s.err))
	case s.n == 0:
		return 0, io.EOF
	}
	return s.n, nil
}

// receiveOnce is false when there is nothing to read yet: the poller then waits and calls again.
func (s *socket) receiveOnce(fd uintptr) bool {
	for {
		n, errno := s.recvmsg(fd)
		switch errno {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			return false
		case 0:
			s.n, s.err = n, nil
			s.stamp = stampIn(s.control[:min(int(s.header.Controllen), controlBytes)]) //nolint:gosec // small
		default:
			s.err = errno
		}
		return true
	}
}

// recvmsg is the system call. That of the package unix allocates an address for each call. It never
// waits, so the scheduler need not know of it: telling it costs a tenth of a chunk.
func (s *socket) recvmsg(fd uintptr) (n int, errno unix.Errno) {
	s.header = unix.Msghdr{Iov: &s.into, Control: &s.control[0]}
	s.header.SetIovlen(1)
	s.header.SetControllen(controlBytes)
	got, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, fd,
		uintptr(unsafe.Pointer(&s.header)), unix.MSG_DONTWAIT) //nolint:gosec // as unix does
	return int(got), errno //nolint:gosec // at most the length of the buffer
}

// failed makes the error that an ordinary read would have given.
func (s *socket) failed(err error) error {
	if wrapped, ok := err.(*net.OpError); ok { //nolint:errorlint // as net.rawConn returns it
		wrapped.Op = "read"
		return wrapped
	}
	return &net.OpError{Op: "read", Net: "tcp", Source: s.LocalAddr(), Addr: s.RemoteAddr(), Err: err}
}

// stampIn finds the time in control messages, epoch ns; 0 when there is none.
func stampIn(controls []byte) int64 {
	for len(controls) >= unix.SizeofCmsghdr {
		header, data, rest, err := unix.ParseOneSocketControlMessage(controls)
		if err != nil {
			return 0
		}
		if header.Level == unix.SOL_SOCKET && header.Type == unix.SCM_TIMESTAMPNS {
			return timespec(data)
		}
		controls = rest
	}
	return 0
}

// timespec is two words of the machine: seconds and nanoseconds.
func timespec(data []byte) int64 {
	native := binary.NativeEndian
	switch len(data) {
	case 16:
		return int64(native.Uint64(data))*1e9 + int64(native.Uint64(data[8:])) //nolint:gosec // signed there
	case 8:
		return int64(int32(native.Uint32(data)))*1e9 + int64(native.Uint32(data[4:])) //nolint:gosec // signed there
	}
	return 0
}
