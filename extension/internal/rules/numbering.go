package rules

import "github.com/k6-weir/xk6-weir/internal/record"

// numbering judges the frame numbers a server sends: a jump ahead is missing frames, the same
// number again a repeat, a smaller one disorder. One that comes late was not missing after all.
type numbering struct {
	result  record.Sequence
	highest float64
	last    float64
	started bool
}

func (n *numbering) next(number float64) *record.Sequence {
	switch {
	case !n.started:
		n.started = true
		n.highest = number
	case number == n.last || number == n.highest:
		n.result.Repeated++
	case number < n.highest:
		n.result.Reordered++
		n.result.Missing = max(0, n.result.Missing-1)
	default:
		n.result.Missing += number - n.highest - 1
		n.highest = number
	}
	n.last = number
	return &n.result
}
