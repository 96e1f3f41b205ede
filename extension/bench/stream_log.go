package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
)

// maxStamps a stream: as many arrivals as a record keeps.
const maxStamps = 512

// streamLog is what one side knows of one stream. Times are epoch nanoseconds of the machine's wall
// clock, which server and client share.
type streamLog struct {
	ID string `json:"id"`
	// Asked is when the server had read the request, or when the client was about to write it.
	Asked int64 `json:"asked"`
	// Stamps are, for the first chunks, when the server was about to write or the client had read.
	Stamps []int64 `json:"stamps"`
	// Over is when the end frame came; the server does not say.
	Over int64 `json:"over,omitempty"`
	// Chunks hold text; events are all frames, the chunks among them.
	Chunks int `json:"chunks"`
	Events int `json:"events"`
}

func writeLogs(path string, logs []*streamLog) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(file, 1<<16)
	encoder := json.NewEncoder(buffered)
	for _, log := range logs {
		if err := encoder.Encode(log); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	return errors.Join(buffered.Flush(), file.Close())
}

// streamRecord is the part of a line of streams.ndjson that is compared.
type streamRecord struct {
	ID        string  `json:"id"`
	Clock     string  `json:"clock"`
	Stepped   bool    `json:"clockStepped"`
	StartedAt float64 `json:"startedAt"`
	Marks     struct {
		Sent         float64 `json:"sent"`
		FirstContent float64 `json:"firstContent"`
		Complete     float64 `json:"complete"`
	} `json:"marks"`
	Counts struct {
		Events    int `json:"events"`
		Answer    int `json:"answer"`
		Malformed int `json:"malformed"`
	} `json:"counts"`
	Timeline []float64 `json:"timeline"`
}

// log turns a record into what the others write. A stream without a timeline keeps its first stamp.
func (r *streamRecord) log() *streamLog {
	log := &streamLog{
		ID:     r.ID,
		Asked:  r.at(r.Marks.Sent),
		Over:   r.at(r.Marks.Complete),
		Chunks: r.Counts.Answer,
		Events: r.Counts.Events - r.Counts.Malformed,
	}
	for _, ms := range r.Timeline {
		log.Stamps = append(log.Stamps, r.at(ms))
	}
	if len(log.Stamps) == 0 && log.Chunks > 0 {
		log.Stamps = []int64{r.at(r.Marks.FirstContent)}
	}
	return log
}

// at: a float64 of epoch milliseconds is good to a quarter of a microsecond; records have whole ones.
func (r *streamRecord) at(ms float64) int64 {
	return int64(math.Round(r.StartedAt*1000)+math.Round(ms*1000)) * 1000
}

// readLines decodes one JSON document after the other: logs of the server, the bare client and the
// stock script, or records.
func readLines[Line any](path string) (lines []*Line, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	decoder := json.NewDecoder(bufio.NewReaderSize(file, 1<<16))
	for {
		line := new(Line)
		if err := decoder.Decode(line); errors.Is(err, io.EOF) {
			return lines, nil
		} else if err != nil {
			return nil, fmt.Errorf("line %d: %w", len(lines)+1, err)
		}
		lines = append(lines, line)
	}
}
