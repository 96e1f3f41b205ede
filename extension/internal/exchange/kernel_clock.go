package exchange

import "time"

// kernelClock maps the kernel's stamps, which are wall time, to the process clock. The two run at
// the same rate, NTP's slewing included; only a step of the wall clock parts them.
type kernelClock struct {
	offset  int64 // wall clock minus process clock, ns
	latest  int64 // the last arrival, on the process clock
	stepped bool
}

// synchronise starts anew, with the offset of this moment.
func (k *kernelClock) synchronise() {
	k.offset = wallOffset()
	k.stepped = false
}

// wallOffset is the best of a few samples: the process may lose the CPU between two clock readings.
func wallOffset() (offset int64) {
	const samples = 4
	best := time.Duration(1<<63 - 1)
	for range samples {
		before := time.Now()
		middle := time.Now()
		width := time.Since(before)
		if width < best {
			best = width
			offset = middle.UnixNano() - int64(middle.Sub(processStart))
		}
	}
	return offset
}

// arrival is when bytes came, on the process clock: as the kernel's stamp says, or now when it says
// nothing or nonsense, that is a time before the arrival of what came earlier or after now. A stamp
// of 0 is none.
func (k *kernelClock) arrival(stamp int64, now time.Time) (at int64, kernel bool) {
	at = int64(now.Sub(processStart))
	mapped := stamp - k.offset
	if stamp != 0 && !k.moved(now.UnixNano()-at) && mapped >= k.latest && mapped <= at {
		at, kernel = mapped, true
	}
	k.latest = at
	return at, kernel
}

// moved notices that the wall clock was set, from the offset that this read saw. Which clock its
// stamp came from is not known, so it is of no use; later ones are, with the new offset.
func (k *kernelClock) moved(offset int64) bool {
	const tolerance = int64(100 * time.Microsecond)
	if distance(offset, k.offset) <= tolerance {
		return false
	}
	if offset = wallOffset(); distance(offset, k.offset) <= tolerance {
		return false
	}
	k.offset = offset
	k.stepped = true
	return true
}

func distance(a, b int64) int64 { return max(a-b, b-a) }
