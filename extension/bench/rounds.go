package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"
)

// round is one run of each client, right after one another: what else the machine did in that time
// it did to all of them.
type round map[client]figures

// figures of one client in one round.
type figures struct {
	cpuUs     float64 // per chunk, start-up subtracted
	arrivalUs float64 // median error
	ttftP50Us float64
	ttftP99Us float64
	rate      float64 // chunks a second that the server wrote, for a paced run
	speed     float64 // chunks a second from the first write to the last end
	lost      int
	clock     string
}

// rounds alternates the order, so that no client always has the warmer machine.
func (b *bench) measureRounds(ctx context.Context, l load, clients ...client) ([]round, error) {
	var all []round
	for i := range b.rounds {
		order := slices.Clone(clients)
		if i%2 == 1 {
			slices.Reverse(order)
		}
		one := round{}
		for _, who := range order {
			found, err := b.figures(ctx, who, l)
			if err != nil {
				return nil, err
			}
			one[who] = found
			b.say("%s, round %d of %d, %s: %.2f µs a chunk", describe(l), i+1, b.rounds, who, found.cpuUs)
		}
		all = append(all, one)
	}
	return all, nil
}

func describe(l load) string {
	if l.interval == 0 {
		return string(l.protocol) + " unpaced"
	}
	return string(l.protocol)
}

// figures are of two runs: one with chunks, one without.
func (b *bench) figures(ctx context.Context, who client, l load) (figures, error) {
	idle, err := b.run(ctx, who, l.empty())
	if err != nil {
		return figures{}, err
	}
	full, err := b.run(ctx, who, l)
	if err != nil {
		return figures{}, err
	}
	found := figuresOf(full, idle.cpu, l)
	found.lost += compare(idle.server, idle.client).lost
	return found, nil
}

func figuresOf(full *run, startUp time.Duration, l load) figures {
	errors := compare(full.server, full.client)
	found := figures{
		cpuUs:     us(int64(full.cpu-startUp)) / float64(l.total()),
		arrivalUs: median(absolute(errors.arrival)),
		ttftP50Us: quantile(absolute(errors.ttft), 0.5),
		ttftP99Us: quantile(absolute(errors.ttft), 0.99),
		speed:     float64(l.total()) / span(full.server, full.client),
		lost:      errors.lost,
		clock:     full.clock,
	}
	if l.interval > 0 {
		found.rate = rate(full.server)
	}
	return found
}

// ratio is the median of the ratios of each round, not the ratio of the medians.
func ratio(rounds []round, above, below client) float64 {
	return medianOf(rounds, func(r round) float64 { return r[above].cpuUs / r[below].cpuUs })
}

func ratios(rounds []round, above, below client) []float64 {
	var all []float64
	for _, r := range rounds {
		all = append(all, r[above].cpuUs/r[below].cpuUs)
	}
	return all
}

// of one client, the median over the rounds.
func of(rounds []round, who client, figure func(figures) float64) float64 {
	return medianOf(rounds, func(r round) float64 { return figure(r[who]) })
}

func lostBy(rounds []round, who client) (lost int) {
	for _, r := range rounds {
		lost += r[who].lost
	}
	return lost
}

func (b *bench) say(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", values...)
}
