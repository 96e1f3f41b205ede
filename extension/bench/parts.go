package main

import (
	"context"
	"errors"
	"fmt"
)

// paced is the part of one protocol at 10,000 chunks a second.
func (b *bench) paced(ctx context.Context, p protocol) (*pacedResult, error) {
	clients := []client{bare, extension}
	if p == ws {
		clients = append(clients, stock)
	}
	rounds, err := b.measureRounds(ctx, paced(p, b.seconds), clients...)
	if err != nil {
		return nil, err
	}
	return pacedResultOf(p, rounds), nil
}

func pacedResultOf(p protocol, rounds []round) *pacedResult {
	figure := func(who client, f func(figures) float64) number { return number(of(rounds, who, f)) }
	cpu := func(f figures) float64 { return f.cpuUs }
	arrival := func(f figures) float64 { return f.arrivalUs }
	ttftP50 := func(f figures) float64 { return f.ttftP50Us }
	ttftP99 := func(f figures) float64 { return f.ttftP99Us }
	result := &pacedResult{
		CPUUsPerChunk:            figure(extension, cpu),
		BareCPUUsPerChunk:        figure(bare, cpu),
		Ratio:                    number(ratio(rounds, extension, bare)),
		ArrivalErrorMedianUs:     figure(extension, arrival),
		BareArrivalErrorMedianUs: figure(bare, arrival),
		TTFTErrorP50Us:           figure(extension, ttftP50),
		BareTTFTErrorP50Us:       figure(bare, ttftP50),
		TTFTErrorP99Us:           figure(extension, ttftP99),
		BareTTFTErrorP99Us:       figure(bare, ttftP99),
		Lost:                     lostBy(rounds, extension),
		BareLost:                 lostBy(rounds, bare),
		Clock:                    rounds[0][extension].clock,
		ChunksPerSecond:          figure(extension, func(f figures) float64 { return f.rate }),
		BareChunksPerSecond:      figure(bare, func(f figures) float64 { return f.rate }),
	}
	for _, one := range ratios(rounds, extension, bare) {
		result.Ratios = append(result.Ratios, number(one))
	}
	if p == ws {
		result.stockResult = &stockResult{
			StockCPUUsPerChunk: figure(stock, cpu),
			StockRatio:         number(ratio(rounds, stock, extension)),
			StockLost:          lostBy(rounds, stock),
		}
	}
	return result
}

// unpaced is the part where the server writes as fast as the client reads.
func (b *bench) unpaced(ctx context.Context) (unpacedResult, error) {
	result := unpacedResult{}
	var failed error
	for _, p := range protocols {
		rounds, err := b.measureRounds(ctx, unpaced(p), bare, extension)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", p, err))
			continue
		}
		result[p] = speedResultOf(rounds)
	}
	return result, failed
}

func speedResultOf(rounds []round) *speedResult {
	figure := func(who client, f func(figures) float64) number { return number(of(rounds, who, f)) }
	cpu := func(f figures) float64 { return f.cpuUs }
	speed := func(f figures) float64 { return f.speed }
	return &speedResult{
		ChunksPerSecond:     figure(extension, speed),
		BareChunksPerSecond: figure(bare, speed),
		CPUUsPerChunk:       figure(extension, cpu),
		BareCPUUsPerChunk:   figure(bare, cpu),
		Ratio:               number(ratio(rounds, extension, bare)),
		Lost:                lostBy(rounds, extension),
		BareLost:            lostBy(rounds, bare),
	}
}
