// Package xk6weir registers the JavaScript module k6/x/weir and the output weir. What the module
// offers to scripts is in index.d.ts; how it does it starts in the package weir. What the output
// writes is in internal/live/line.go.
package xk6weir

import (
	"go.k6.io/k6/v2/js/modules"
	"go.k6.io/k6/v2/output"

	"github.com/k6-weir/xk6-weir/weir"
)

func init() {
	root := weir.New()
	modules.Register("k6/x/weir", root)
	output.RegisterExtension("weir", root.Output)
}
