package record

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestServerText(t *testing.T) {
	for name, row := range map[string][2]string{
		"plain":                             {"并发量不足", "并发量不足"},
		"control characters become a space": {"a\r\n\x00\x1b[31mb", "a [31mb"},
		"at the ends they vanish":           {"\n a \x7f\n", "a"},
		"direction characters":              {"a\u202eb\u2066c\ufeffd\u200fe", "a b c d e"},
		"C1 controls":                       {"a\u0085\u009fb", "a b"},
		"200 code points stay":              {strings.Repeat("😀", 200), strings.Repeat("😀", 200)},
		"201 are cut":                       {strings.Repeat("é", 201), strings.Repeat("é", 200)},
		"invalid UTF-8":                     {"a\xffb", "a\ufffdb"},
		"nothing":                           {"", ""},
	} {
		require.Equal(t, row[1], ServerText(row[0]), name)
	}
}

func FuzzServerText(f *testing.F) {
	f.Add("a\r\n\x1b\u202e\xff" + strings.Repeat("😀", 300))
	f.Fuzz(func(t *testing.T, text string) {
		clean := ServerText(text)
		require.True(t, utf8.ValidString(clean))
		require.LessOrEqual(t, utf8.RuneCountInString(clean), 200)
		for _, char := range clean {
			require.False(t, unicode.Is(unicode.Cc, char))
		}
	})
}
