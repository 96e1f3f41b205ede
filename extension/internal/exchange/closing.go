package exchange

import (
	"errors"
	"io"
	"strconv"
	"time"

	"github.com/gorilla/websocket"

	"github.com/k6-weir/xk6-weir/internal/record"
)

// Close says goodbye and waits for the peer to do the same, but not for longer than given. The code is
// the peer's, nil when it sent none; clean says that it sent a Close at all. An exchange that runs ends
// as cancelled. It blocks.
func (s *Socket) Close(code int, reason string, wait time.Duration) (peer *int, clean bool) {
	if !s.Opened() {
		return nil, false
	}
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	timer := time.AfterFunc(wait, func() { s.drop(errDrained) })
	defer timer.Stop()
	s.sendClose(code, reason, wait)
	<-s.done
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended.end.By != record.EndClose {
		return nil, false
	}
	return s.ended.end.CloseCode, true
}

// sendClose does nothing when one was sent before. A peer that takes nothing any more ends with the
// timers, not here.
func (s *Socket) sendClose(code int, reason string, wait time.Duration) {
	_ = s.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason),
		time.Now().Add(wait))
}

// Stop leaves in the middle of an answer, for a reason that is not the stream's.
func (s *Socket) Stop() { s.drop(errInterrupted) }

// cancel leaves in the middle of an answer, as a user does who closes the page.
func (s *Socket) cancel() {
	const politely = 50 * time.Millisecond
	s.because(errCancelled)
	s.sendClose(websocket.CloseGoingAway, "", politely)
	s.tunnel.drop()
}

// pong answers a ping. Its errors are left to the reader: what broke the connection for writing shows
// there, after everything that the peer sent before.
func (s *Socket) pong(data string) error {
	_ = s.ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(controlWait))
	return nil
}

// answerClose repeats the peer's code, as RFC 6455 §5.5.1 wants.
func (s *Socket) answerClose(code int, _ string) error {
	s.sendClose(code, "", controlWait)
	return nil
}

// ending tells why reading failed; broken is a peer that does not keep to the protocol.
func (s *Socket) ending(err error) (f failure, broken bool) {
	var closed *websocket.CloseError
	switch {
	case errors.Is(s.cause, errCancelled):
		return failure{end: record.End{By: record.EndCancelled}}, false
	case errors.Is(s.cause, errInterrupted), errors.Is(s.cause, errDrained), isExpired(s.cause):
		f, _ = endedBy(s.cause)
		return f, false
	case errors.Is(s.tunnel.readErr, io.EOF), errors.Is(s.tunnel.readErr, io.ErrUnexpectedEOF):
		code := websocket.CloseAbnormalClosure
		return failure{record.End{By: record.EndReset, CloseCode: &code}, "unexpected EOF"}, false
	case s.tunnel.readErr != nil && s.cause == nil:
		return failure{record.End{By: record.EndReset}, shortly(s.tunnel.readErr)}, false
	case errors.As(err, &closed):
		return failure{record.End{By: record.EndClose, CloseCode: &closed.Code}, closed.Text}, false
	case s.cause != nil: // the message could not be sent
		return failure{record.End{By: record.EndReset}, shortly(s.cause)}, false
	default:
		return failure{record.End{By: record.EndReset}, err.Error()}, true
	}
}

// closeError is what a Close frame says besides its code. 1000 and 1001 without a reason are orderly
// and say nothing; codes from 4000 on are the vendor's own.
func closeError(f failure) *record.StreamError {
	code := *f.end.CloseCode
	orderly := code == websocket.CloseNormalClosure || code == websocket.CloseGoingAway
	if orderly && f.message == "" {
		return nil
	}
	failed := &record.StreamError{Message: record.ServerText(f.message), Source: "close"}
	if code >= 4000 {
		failed.Code = strconv.Itoa(code)
	}
	return failed
}
