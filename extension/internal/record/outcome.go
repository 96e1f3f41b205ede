package record

// Families by outcome: the table of lib/stream/outcome.ts.
var familyOf = map[string]string{
	"connect-failed":      "network",
	"auth-failed":         "auth",
	"clock-skew":          "auth",
	"quota-exhausted":     "quota",
	"rate-limited":        "quota",
	"concurrency-limited": "quota",
	"overloaded":          "server",
	"server-error":        "server",
	"bad-request":         "request",
	"not-ready":           "request",
	"moderated":           "request",
	"no-hit":              "request",
	"timeout-connect":     "timeout",
	"timeout-headers":     "timeout",
	"timeout-first-event": "timeout",
	"timeout-idle":        "timeout",
	"timeout-total":       "timeout",
	"malformed":           "incomplete",
	"connection-cut":      "incomplete",
	"no-terminal":         "incomplete",
	"empty":               "incomplete",
	"cancelled":           "ours",
	Interrupted:           "ours",
	Completed:             "ok",
}

// The outcomes that this module itself looks at or gives.
const (
	Completed   = "completed"
	Interrupted = "interrupted"
)

// FamilyOf is false for an outcome that does not exist.
func FamilyOf(outcome string) (string, bool) {
	family, ok := familyOf[outcome]
	return family, ok
}
