package record

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Of text that a server chose at most this many code points enter a record, log or terminal.
const maxCodePoints = 200

// ServerText makes text of a server harmless: control and direction characters become one space,
// and it is cut. Invalid UTF-8 becomes U+FFFD. lib/stream/server-text.ts does the same.
func ServerText(text string) string {
	var clean strings.Builder
	units, gap := 0, false
	for _, char := range text {
		if units += utf16.RuneLen(char); units > 4*maxCodePoints {
			break
		}
		if isControl(char) {
			gap = true
			continue
		}
		if gap {
			clean.WriteByte(' ')
			gap = false
		}
		clean.WriteRune(char)
	}
	return firstCodePoints(strings.TrimSpace(clean.String()), maxCodePoints)
}

func isControl(char rune) bool {
	switch {
	case char < 0x20, char >= 0x7f && char <= 0x9f, char == 0x200e, char == 0x200f,
		char >= 0x2028 && char <= 0x202e, char >= 0x2066 && char <= 0x2069, char == 0xfeff:
		return true
	}
	return false
}

func firstCodePoints(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	for at := range text {
		if most == 0 {
			return text[:at]
		}
		most--
	}
	return text
}
