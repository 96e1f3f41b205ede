package main

import "fmt"

// What the server sends: for SSE what OpenAI-compatible servers send, for WebSocket what ChatDoc
// sends. A stream opens with a frame that holds no text, then come the chunks, then the end: the bare
// client, which does not look into frames, tells chunks by their place.
type wire struct {
	opening []byte
	chunks  [][]byte // sent in turn
	// ending is one write; for SSE it holds two events.
	ending       []byte
	endingEvents int
}

// lastMessage is how the message ends that ends a WebSocket stream.
const lastMessage = `"status":2}`

var words = []string{
	"The", " quick", " answer", " streams", " in", " small", ",", " steady", " pieces", ":", " some",
	" long", " ones", " like", " internationalisation", ".",
}

func wireOf(p protocol) wire {
	if p == ws {
		return chatdocWire()
	}
	return openaiWire()
}

func openaiWire() wire {
	event := func(delta, finish string) []byte {
		return fmt.Appendf(nil, `data: {"id":"chatcmpl-bench","object":"chat.completion.chunk",`+
			`"created":1767225600,"model":"bench-1","choices":[{"index":0,"delta":%s,"finish_reason":%s}]}`+
			"\n\n", delta, finish)
	}
	w := wire{
		opening:      event(`{"role":"assistant","content":""}`, "null"),
		ending:       append(event(`{}`, `"stop"`), "data: [DONE]\n\n"...),
		endingEvents: 2,
	}
	for _, word := range words {
		w.chunks = append(w.chunks, event(fmt.Sprintf(`{"content":%q}`, word), "null"))
	}
	return w
}

func chatdocWire() wire {
	message := func(content string, status int) []byte {
		return fmt.Appendf(nil, `{"code":0,"content":%q,"sid":"cht000b1c2d@dx18f0a2b3c4d5e6f780","status":%d}`,
			content, status)
	}
	w := wire{opening: message("", 0), ending: message("", 2), endingEvents: 1}
	for _, word := range words {
		w.chunks = append(w.chunks, message(word, 1))
	}
	return w
}

// overhead is the events of a stream that are no chunks.
func (w wire) overhead() int { return 1 + w.endingEvents }
