// Package record is what was seen of one stream: the shape of lib/stream/record.ts in Go, with the
// statistics that go into it. The JSON names are the contract: a line of streams.ndjson, the
// properties of a handle in JavaScript and the observation of another driver all have them.
//
// Absent means not measurable with this driver: pointers where zero is a value of its own.
package record

// Version of the schema.
const Version = 1

// Identity is who asked: known before the stream starts.
type Identity struct {
	ID           string            `json:"id"`
	Run          string            `json:"run,omitempty"`
	Instance     int64             `json:"instance"`
	Scenario     string            `json:"scenario"`
	VU           int64             `json:"vu"`
	Iteration    int64             `json:"iteration"`
	Attempt      int64             `json:"attempt"`
	Dialect      string            `json:"dialect"`
	Driver       string            `json:"driver"`
	Account      string            `json:"account,omitempty"`
	Kind         string            `json:"kind,omitempty"`
	Conversation string            `json:"conversation,omitempty"`
	Turn         *int64            `json:"turn,omitempty"`
	Step         string            `json:"step,omitempty"`
	Warmup       bool              `json:"warmup,omitempty"`
	Labels       map[string]string `json:"labels,omitempty"`
}

// Observation is a stream before it is classified.
type Observation struct {
	V int `json:"v"`
	Identity
	Clock string `json:"clock"`
	// ClockStepped: the wall clock jumped while the stream was open.
	ClockStepped bool `json:"clockStepped,omitempty"`
	// StartedAt is epoch ms, zero of all marks.
	StartedAt    float64      `json:"startedAt"`
	IntendedAt   *float64     `json:"intendedAt,omitempty"`
	Marks        Marks        `json:"marks"`
	Connection   *Connection  `json:"connection,omitempty"`
	Status       int          `json:"status,omitempty"`
	Counts       Counts       `json:"counts"`
	Gaps         *Gaps        `json:"gaps,omitempty"`
	Sequence     *Sequence    `json:"sequence,omitempty"`
	Usage        *Usage       `json:"usage,omitempty"`
	Finish       string       `json:"finish,omitempty"`
	Error        *StreamError `json:"error,omitempty"`
	End          End          `json:"end"`
	AfterEnd     *AfterEnd    `json:"afterEnd,omitempty"`
	AnswerLength int          `json:"answerLength"`
	TraceID      string       `json:"traceId,omitempty"`
	Timeline     []float64    `json:"timeline,omitempty"`
}

// Record is one line of streams.ndjson.
type Record struct {
	Observation
	Outcome string `json:"outcome"`
	Family  string `json:"family"`
}

// Marks are ms after StartedAt.
type Marks struct {
	Leased         *float64 `json:"leased,omitempty"`
	SlotFree       *float64 `json:"slotFree,omitempty"`
	Connected      *float64 `json:"connected,omitempty"`
	TLS            *float64 `json:"tls,omitempty"`
	Sent           *float64 `json:"sent,omitempty"`
	Headers        *float64 `json:"headers,omitempty"`
	FirstByte      *float64 `json:"firstByte,omitempty"`
	FirstEvent     *float64 `json:"firstEvent,omitempty"`
	FirstContent   *float64 `json:"firstContent,omitempty"`
	FirstReasoning *float64 `json:"firstReasoning,omitempty"`
	FirstAnswer    *float64 `json:"firstAnswer,omitempty"`
	LastContent    *float64 `json:"lastContent,omitempty"`
	Complete       *float64 `json:"complete,omitempty"`
	End            float64  `json:"end"`
}

// Connection is absent when none came about.
type Connection struct {
	Reused   bool   `json:"reused"`
	Protocol string `json:"protocol"`
	Remote   string `json:"remote,omitempty"`
}

// Counts of one stream. Bytes are body bytes after transfer decoding.
type Counts struct {
	Events       int   `json:"events"`
	Answer       int   `json:"answer"`
	Reasoning    int   `json:"reasoning"`
	Tool         int   `json:"tool"`
	Other        int   `json:"other"`
	Comments     *int  `json:"comments,omitempty"`
	Bytes        int64 `json:"bytes"`
	Reads        *int  `json:"reads,omitempty"`
	Malformed    int   `json:"malformed"`
	Unterminated int   `json:"unterminated"`
}

// Content frames of all kinds.
func (c Counts) Content() int { return c.Answer + c.Reasoning + c.Tool }

// Sequence judges the frame numbers of the server.
type Sequence struct {
	Missing   float64 `json:"missing"`
	Repeated  float64 `json:"repeated"`
	Reordered float64 `json:"reordered"`
}

// Usage is tokens as the server counted them.
type Usage struct {
	AnswerTokens    *float64 `json:"answerTokens,omitempty"`
	ReasoningTokens *float64 `json:"reasoningTokens,omitempty"`
	PromptTokens    *float64 `json:"promptTokens,omitempty"`
}

// StreamError is what a server or the network said. Its texts went through ServerText.
type StreamError struct {
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	Source  string `json:"source"`
}

// End is how a stream ended.
type End struct {
	By        string `json:"by"`
	CloseCode *int   `json:"closeCode,omitempty"`
	Timeout   string `json:"timeout,omitempty"`
}

// AfterEnd is what came when all was said: it changes nothing.
type AfterEnd struct {
	Events    int    `json:"events"`
	Bytes     int64  `json:"bytes"`
	By        string `json:"by,omitempty"`
	CloseCode *int   `json:"closeCode,omitempty"`
}

// The values of End.By that this module sets.
const (
	EndComplete    = "complete"
	EndEOF         = "eof"
	EndReset       = "reset"
	EndClose       = "close"
	EndTimeout     = "timeout"
	EndInterrupted = "interrupted"
	EndCancelled   = "cancelled"
	EndRefused     = "refused"
	EndDNS         = "dns"
	EndTLS         = "tls"
)
