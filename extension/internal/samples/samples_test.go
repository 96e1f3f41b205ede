package samples

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.k6.io/k6/v2/metrics"

	"github.com/k6-weir/xk6-weir/internal/record"
)

func TestVectors(t *testing.T) {
	text, err := os.ReadFile("../../../test/vectors/samples.json")
	require.NoError(t, err)
	var rows []struct {
		Name    string
		Record  record.Record
		Samples map[string]float64
	}
	require.NoError(t, json.Unmarshal(text, &rows))
	require.NotEmpty(t, rows)
	seen := map[string]bool{}
	for _, row := range rows {
		t.Run(row.Name, func(t *testing.T) {
			family, known := record.FamilyOf(row.Record.Outcome)
			require.True(t, known)
			require.Equal(t, family, row.Record.Family)
			got := map[string]float64{}
			for _, sample := range Of(&row.Record) {
				require.NotContains(t, got, sample.Metric, "one sample of each metric")
				got[sample.Metric] = sample.Value
				seen[sample.Metric] = true
			}
			require.Len(t, got, len(row.Samples), "%v", got)
			for metric, value := range row.Samples {
				require.InDelta(t, value, got[metric], 1e-9, metric)
			}
		})
	}
	beside := map[string]bool{ChunkGap: true, GeneratorLag: true, GeneratorCPU: true, StreamsOpen: true}
	for _, metric := range Catalogue {
		if beside[metric.Name] {
			require.False(t, seen[metric.Name], "%s is no number of one record", metric.Name)
			continue
		}
		require.True(t, seen[metric.Name], "no vector has a sample of %s", metric.Name)
	}
	require.Len(t, seen, len(Catalogue)-len(beside))
}

func TestCatalogueCanBeRegisteredTwice(t *testing.T) {
	registry := metrics.NewRegistry()
	for range 2 {
		for _, row := range Catalogue {
			_, err := registry.NewMetric(row.Name, row.Type, row.Contains)
			require.NoError(t, err)
		}
	}
}
