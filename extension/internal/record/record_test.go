package record

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// Records written by other hands come back as they were: no name differs and none is missing.
func TestRecordsOfTheVectorsSurviveARoundTrip(t *testing.T) {
	text, err := os.ReadFile("../../../test/vectors/samples.json")
	require.NoError(t, err)
	var rows []struct{ Record json.RawMessage }
	require.NoError(t, json.Unmarshal(text, &rows))
	for _, row := range rows {
		decoder := json.NewDecoder(bytes.NewReader(row.Record))
		decoder.DisallowUnknownFields()
		var r Record
		require.NoError(t, decoder.Decode(&r))
		again, err := json.Marshal(r)
		require.NoError(t, err)
		require.JSONEq(t, string(row.Record), string(again))
	}
}
