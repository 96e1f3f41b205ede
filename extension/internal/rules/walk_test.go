package rules

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// slowWalk says the same with gjson's iterators: a second opinion.
func slowWalk(n *node, value gjson.Result, found [][]gjson.Result) {
	if n.slot >= 0 {
		found[n.slot] = append(found[n.slot], value)
	}
	switch {
	case value.IsObject():
		last := map[int]gjson.Result{}
		value.ForEach(func(key, member gjson.Result) bool {
			if at := n.find(key.Str); at >= 0 {
				last[at] = member
			}
			return true
		})
		for at, child := range n.below {
			if member, ok := last[at]; ok {
				slowWalk(child, member, found)
			}
		}
	case value.IsArray():
		index := 0
		value.ForEach(func(_, item gjson.Result) bool {
			if at, ok := n.indexes[index]; ok {
				slowWalk(n.below[at], item, found)
			}
			if n.any != nil {
				slowWalk(n.any, item, found)
			}
			index++
			return true
		})
	}
}

func FuzzWalk(f *testing.F) {
	var trees []pathTree
	add := func(paths ...string) {
		var tree pathTree
		for _, path := range paths {
			_, err := tree.add(path)
			require.NoError(f, err)
		}
		trees = append(trees, tree)
	}
	add("a", "a.b", "a.*", "a.0", "*.a", "0", `a\.b`)
	add("k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8", "k9.*.a", "a.a.a")
	add("choices.*.delta.content", "choices.*.finish_reason", "usage.n", "error")
	for _, row := range vectors(f) {
		for _, frame := range row.Frames {
			f.Add(frame.Data)
		}
	}
	for _, data := range []string{
		` { "a" : { "b" : [ 1 , "]}" ] } , "a" : 2 } `, `{"a":[[],{},"\"",-1e5,null,true]}`, `{"\u0061":{"b":"\\"}}`,
		`[{"a":1},{"a":"x\\\"y"}]`, `{"k9":[{"a":{}},{"a":[]}],"k1":false,"k8":""}`, `"a"`, `0`, `{}`, `[]`,
		`{"a.b":1,"":2}`, "\t[\n1\r]",
	} {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data string) {
		if !isJSON(data) {
			return
		}
		for at := range trees {
			tree := &trees[at]
			fast, slow := make([][]gjson.Result, tree.slots), make([][]gjson.Result, tree.slots)
			tree.root.walk(data[skipSpace(data, 0):], fast)
			slowWalk(&tree.root, gjson.Parse(data), slow)
			for slot := range slow {
				require.Len(t, fast[slot], len(slow[slot]), "%q", data)
				for i, want := range slow[slot] {
					got := fast[slot][i]
					require.Equal(t, want.Type, got.Type)
					require.Equal(t, want.Raw, got.Raw)
					require.Equal(t, want.Str, got.Str)
					require.InDelta(t, want.Num, got.Num, 0)
				}
			}
		}
	})
}
