package main

import "math"

// comparison is how far a client's numbers are off the server's.
type comparison struct {
	// arrival errors, µs: the client's stamp of a chunk minus the server's clock at its write.
	arrival []float64
	// ttft errors, µs: the client's time to the first chunk minus the server's.
	ttft []float64
	// lost counts events that only one side has, for each stream.
	lost int
}

// compare pairs streams by their id. A stream whose counts differ has no arrivals to compare: nobody
// knows which chunk is missing.
func compare(server, client []*streamLog) comparison {
	result := comparison{}
	seen := map[string]*streamLog{}
	for _, log := range client {
		if twin, ok := seen[log.ID]; ok {
			result.lost += twin.Events // the same stream, told twice
		}
		seen[log.ID] = log
	}
	for _, sent := range server {
		got, ok := seen[sent.ID]
		if !ok {
			got = &streamLog{}
		}
		delete(seen, sent.ID)
		lost := difference(sent, got)
		result.lost += lost
		if lost == 0 {
			result.stamps(sent, got)
		}
	}
	for _, invented := range seen {
		result.lost += invented.Events
	}
	return result
}

// difference of chunks and of other events: one of each does not cancel the other out.
func difference(sent, got *streamLog) int {
	chunks := got.Chunks - sent.Chunks
	others := got.Events - got.Chunks - (sent.Events - sent.Chunks)
	return max(chunks, -chunks) + max(others, -others)
}

func (c *comparison) stamps(sent, got *streamLog) {
	if len(sent.Stamps) == 0 || len(got.Stamps) == 0 {
		return
	}
	c.ttft = append(c.ttft, us(got.Stamps[0]-got.Asked-(sent.Stamps[0]-sent.Asked)))
	if len(got.Stamps) == len(sent.Stamps) && len(got.Stamps) == got.Chunks {
		for i, at := range got.Stamps {
			c.arrival = append(c.arrival, us(at-sent.Stamps[i]))
		}
	}
}

func us(nanoseconds int64) float64 { return float64(nanoseconds) / 1000 }

// absolute values: a stamp that is too early is as wrong as one that is too late.
func absolute(values []float64) []float64 {
	result := make([]float64, len(values))
	for i, value := range values {
		result[i] = math.Abs(value)
	}
	return result
}

// rate is the chunks a second that the server really wrote while all streams were open: it cannot
// promise to keep up.
func rate(server []*streamLog) float64 {
	perSecond := 0.0
	for _, log := range server {
		if n := len(log.Stamps); n > 1 {
			perSecond += float64(n-1) / (us(log.Stamps[n-1]-log.Stamps[0]) / 1e6)
		}
	}
	return perSecond
}

// span is from the first chunk's write to the end of the last stream at the client, in seconds.
func span(server, client []*streamLog) float64 {
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for _, log := range server {
		if len(log.Stamps) > 0 {
			first = min(first, log.Stamps[0])
		}
	}
	for _, log := range client {
		last = max(last, log.Over)
	}
	return us(last-first) / 1e6
}
