package rules

import "github.com/tidwall/gjson"

// What walks here is valid JSON (isJSON): the functions below only look for where values end. gjson's
// iterators decode every key, string and number on the way, which costs several times as much.

// few is how many keys of an object are compared one by one, and kept without an allocation.
const few = 8

// find is the number of the child with this key, −1 without one.
func (n *node) find(key string) int {
	if len(n.keys) > few {
		if at, ok := n.byKey[key]; ok {
			return at
		}
		return -1
	}
	for at, name := range n.keys {
		if name == key {
			return at
		}
	}
	return -1
}

// walk collects the values of all paths below n in the value at the start of json. Values that a
// star gives come in their order.
func (n *node) walk(json string, found [][]gjson.Result) {
	if n.slot >= 0 {
		found[n.slot] = append(found[n.slot], gjson.Parse(json))
	}
	switch {
	case json[0] == '{' && len(n.below) > 0:
		n.walkObject(json, found)
	case json[0] == '[' && (len(n.below) > 0 || n.any != nil):
		n.walkArray(json, found)
	}
}

// walkObject: the last of equal keys counts, as in JSON.parse, so it descends when all were seen.
func (n *node) walkObject(json string, found [][]gjson.Result) {
	var room [few]string
	values := room[:]
	if len(n.below) > few {
		values = make([]string, len(n.below))
	}
	for at := skipSpace(json, 1); json[at] != '}'; {
		keyEnd, escaped := skipString(json, at)
		key := json[at+1 : keyEnd-1]
		if escaped {
			key = gjson.Parse(json[at:keyEnd]).Str
		}
		at = skipSpace(json, skipSpace(json, keyEnd)+1)
		end := skipValue(json, at)
		if child := n.find(key); child >= 0 {
			values[child] = json[at:end]
		}
		at = skipComma(json, end)
	}
	for child, value := range values[:len(n.below)] {
		if value != "" {
			n.below[child].walk(value, found)
		}
	}
}

func (n *node) walkArray(json string, found [][]gjson.Result) {
	index := 0
	for at := skipSpace(json, 1); json[at] != ']'; index++ {
		end := skipValue(json, at)
		if child, ok := n.indexes[index]; ok {
			n.below[child].walk(json[at:end], found)
		}
		if n.any != nil {
			n.any.walk(json[at:end], found)
		}
		at = skipComma(json, end)
	}
}

func skipSpace(json string, at int) int {
	for at < len(json) && json[at] <= ' ' {
		at++
	}
	return at
}

// skipComma goes from the end of one item to the next, or to the end of the object or array.
func skipComma(json string, at int) int {
	at = skipSpace(json, at)
	if json[at] == ',' {
		at = skipSpace(json, at+1)
	}
	return at
}

// skipString starts at the opening quote.
func skipString(json string, at int) (end int, escaped bool) {
	for at++; json[at] != '"'; at++ {
		if json[at] == '\\' {
			escaped = true
			at++
		}
	}
	return at + 1, escaped
}

func skipValue(json string, at int) (end int) {
	switch json[at] {
	case '"':
		end, _ = skipString(json, at)
		return end
	case '{', '[':
		return skipNested(json, at)
	}
	for at < len(json) && !endsLiteral(json[at]) {
		at++
	}
	return at
}

func endsLiteral(char byte) bool {
	return char <= ' ' || char == ',' || char == '}' || char == ']'
}

// skipNested has no need of a stack: valid JSON closes what it opened.
func skipNested(json string, at int) (end int) {
	depth := 0
	for {
		switch json[at] {
		case '"':
			at, _ = skipString(json, at)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return at + 1
			}
		}
		at++
	}
}
