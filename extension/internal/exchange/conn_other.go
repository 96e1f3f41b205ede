//go:build !linux

package exchange

import "net"

// socket does not exist here: the kernel gives no arrival stamps for TCP.
type socket struct {
	net.Conn
	stamp int64
}

func newSocket(net.Conn) *socket { return nil }

// EnableArrivalStamps does nothing here.
func EnableArrivalStamps() {}
