//go:build !unix

package generator

import "time"

func processCPU() (time.Duration, bool) { return 0, false }
