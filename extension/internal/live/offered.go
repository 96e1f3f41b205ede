package live

import (
	"time"

	"go.k6.io/k6/v2/lib"
	"go.k6.io/k6/v2/lib/executor"
)

// plan is what the arrival-rate scenarios ask for over time, this instance's share of it.
type plan struct {
	// offsets of all scenarios, arrival rate or not: seconds from the start of the first.
	offsets map[string]float64
	ramps   []ramp
}

// ramp is a stretch of time in which a rate changes evenly. Seconds, iterations a second.
type ramp struct{ from, to, startRate, endRate float64 }

func newPlan(options lib.Options) plan {
	p := plan{offsets: map[string]float64{}}
	share := options.ExecutionSegment.FloatLength()
	for name, scenario := range options.Scenarios {
		at := scenario.GetStartTime().Seconds()
		p.offsets[name] = at
		switch config := scenario.(type) {
		case *executor.ConstantArrivalRateConfig:
			p.constant(at, share, config)
		case *executor.RampingArrivalRateConfig:
			p.ramping(at, share, config)
		}
	}
	return p
}

func (p *plan) constant(at, share float64, config *executor.ConstantArrivalRateConfig) {
	rate := share * float64(config.Rate.Int64) / config.TimeUnit.TimeDuration().Seconds()
	p.ramps = append(p.ramps, ramp{at, at + config.Duration.TimeDuration().Seconds(), rate, rate})
}

func (p *plan) ramping(at, share float64, config *executor.RampingArrivalRateConfig) {
	unit := config.TimeUnit.TimeDuration().Seconds()
	rate := share * float64(config.StartRate.Int64) / unit
	for _, stage := range config.Stages {
		next := ramp{at, at + stage.Duration.TimeDuration().Seconds(), rate, share * float64(stage.Target.Int64) / unit}
		p.ramps = append(p.ramps, next)
		at, rate = next.to, next.endRate
	}
}

// offered is the mean rate between two points in time, given when one scenario began. Nil when the
// plan asks for no rate, or does not know the scenario.
func (p *plan) offered(scenario string, began, from, to time.Time) *float64 {
	offset, known := p.offsets[scenario]
	if !known || len(p.ramps) == 0 || !to.After(from) {
		return nil
	}
	low, high := from.Sub(began).Seconds()+offset, to.Sub(began).Seconds()+offset
	asked := 0.0
	for _, r := range p.ramps {
		asked += r.between(low, high)
	}
	mean := asked / (high - low)
	return &mean
}

// between is how many iterations the ramp asks for in a window: of a trapezium, the middle height.
func (r ramp) between(low, high float64) float64 {
	low, high = max(low, r.from), min(high, r.to)
	if low >= high {
		return 0
	}
	middle := (low+high)/2 - r.from
	return (high - low) * (r.startRate + (r.endRate-r.startRate)*middle/(r.to-r.from))
}
