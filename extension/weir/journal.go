package weir

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/k6-weir/xk6-weir/internal/record"
)

// journal is streams.ndjson. One file of the process takes the lines of all VUs, each in one write
// that appends: lines of several k6 processes in one folder do not mix either.
type journal struct {
	mu   sync.Mutex
	file *os.File
	err  error // final: a folder that cannot be written to is not tried for each stream
}

func (j *journal) append(dir string, line *record.Record) error {
	text, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("a record cannot be written: %w", err)
	}
	text = append(text, '\n')
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil && j.err == nil {
		j.open(filepath.Join(dir, "streams.ndjson"))
	}
	if j.err == nil {
		if _, err := j.file.Write(text); err != nil {
			j.err = fmt.Errorf("records are lost: %w", err)
		}
	}
	return j.err
}

// open keeps the file until the process ends: there is no later point that is told to an extension.
func (j *journal) open(path string) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		j.err = fmt.Errorf("records cannot be written to WEIR_RUN_DIR: %w", err)
		return
	}
	j.file = file
}
