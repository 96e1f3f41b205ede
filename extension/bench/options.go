package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// options are the flags of the command line.
type options struct {
	rounds  int
	seconds int
	only    string
	json    bool
	k6      string
	scripts string
}

var partNames = []string{"sse", "ws", "memory", "unpaced"}

// maxSeconds: at pacedRate a stream must stay under the 512 arrivals that a record keeps.
const maxSeconds = maxStamps / pacedRate

func readOptions(arguments []string, usage io.Writer) (options, error) {
	o := options{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.IntVar(&o.rounds, "rounds", 3, "pairs of runs; the figures are medians over them")
	flags.IntVar(&o.seconds, "seconds", 8, "length of the streams of a paced run")
	flags.StringVar(&o.only, "only", "", "one part: "+strings.Join(partNames, ", "))
	flags.BoolVar(&o.json, "json", false, "one JSON document on stdout, everything else on stderr")
	flags.StringVar(&o.k6, "k6", "../bin/k6", "the k6 with the extension")
	flags.StringVar(&o.scripts, "scripts", "bench", "the folder of the k6 scripts")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("no argument is expected, got %q", flags.Arg(0))
	case o.rounds < 1 || o.rounds > 20:
		return o, fmt.Errorf("--rounds must be from 1 to 20, got %d", o.rounds)
	case o.seconds < 1 || o.seconds > maxSeconds:
		return o, fmt.Errorf("--seconds must be from 1 to %d, got %d", maxSeconds, o.seconds)
	case o.only != "" && !slices.Contains(partNames, o.only):
		return o, fmt.Errorf("--only must be one of %s, got %q", strings.Join(partNames, ", "), o.only)
	}
	return o, nil
}
