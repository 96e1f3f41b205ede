package rules

import (
	"errors"
	"strconv"
	"strings"
)

// place names the values of one path: a slot of the values a walk found, or rawData.
type place int

// rawData is the empty path: the frame's data as it came, as text.
const rawData place = -1

// pathTree holds all paths of a set of rules, so that one walk (walk.go) finds the values of all.
// gjson's own path language has no escape for `#` inside an array step and gives the first of two
// equal keys where JSON.parse gives the last.
type pathTree struct {
	root  node
	slots int
}

type node struct {
	slot    int            // −1: no path ends here
	keys    []string       // of below, in its order
	byKey   map[string]int // the same, for more keys than are compared one by one
	indexes map[int]int
	below   []*node
	any     *node
}

// What is wrong with a path, as it goes behind "must".
var (
	errEmptyKey  = errors.New("not hold an empty key")
	errBadEscape = errors.New("escape only a dot, a star or a backslash")
)

// add returns the place of a path; equal paths share one.
func (t *pathTree) add(path string) (place, error) {
	if path == "" {
		return rawData, nil
	}
	keys, err := splitPath(path)
	if err != nil {
		return 0, err
	}
	if t.slots == 0 {
		t.root.slot = -1
	}
	at := &t.root
	for _, key := range keys {
		at = at.child(key)
	}
	if at.slot < 0 {
		at.slot = t.slots
		t.slots++
	}
	return place(at.slot), nil
}

type pathKey struct {
	name string
	any  bool
}

// splitPath cuts at the dots that no backslash escapes.
func splitPath(path string) ([]pathKey, error) {
	var keys []pathKey
	var key strings.Builder
	literal := false
	finish := func() error {
		if key.Len() == 0 {
			return errEmptyKey
		}
		name := key.String()
		keys = append(keys, pathKey{name: name, any: name == "*" && !literal})
		key.Reset()
		literal = false
		return nil
	}
	for i := 0; i < len(path); i++ {
		switch path[i] {
		case '\\':
			i++
			if i == len(path) || !strings.ContainsRune(`.*\`, rune(path[i])) {
				return nil, errBadEscape
			}
			literal = true
			key.WriteByte(path[i])
		case '.':
			if err := finish(); err != nil {
				return nil, err
			}
		default:
			key.WriteByte(path[i])
		}
	}
	return keys, finish()
}

func (n *node) child(key pathKey) *node {
	if key.any {
		if n.any == nil {
			n.any = &node{slot: -1}
		}
		return n.any
	}
	if at := n.find(key.name); at >= 0 {
		return n.below[at]
	}
	if n.byKey == nil {
		n.byKey, n.indexes = map[string]int{}, map[int]int{}
	}
	child := &node{slot: -1}
	n.keys = append(n.keys, key.name)
	n.byKey[key.name] = len(n.below)
	if index, ok := arrayIndex(key.name); ok {
		n.indexes[index] = len(n.below)
	}
	n.below = append(n.below, child)
	return child
}

// arrayIndex: decimal digits only, as JavaScript code would ask for them.
func arrayIndex(key string) (int, bool) {
	for _, char := range []byte(key) {
		if char < '0' || char > '9' {
			return 0, false
		}
	}
	index, err := strconv.Atoi(key)
	return index, err == nil
}
