package rules

import "github.com/tidwall/gjson"

// The questions a match can ask of a value (`is` in rules.ts).

func present(value gjson.Result) bool { return value.Exists() && value.Type != gjson.Null }

// truthy as JavaScript means it: "0" is, and so is every object and array.
func truthy(value gjson.Result) bool {
	switch value.Type {
	case gjson.True, gjson.JSON:
		return true
	case gjson.Number:
		return value.Num != 0
	case gjson.String:
		return value.Str != ""
	default:
		return false
	}
}

func nonZero(value gjson.Result) bool {
	return truthy(value) && !(value.Type == gjson.String && value.Str == "0")
}

// equalTo: a number and its decimal string are equal, a boolean equals only itself.
func equalTo(operand gjson.Result) func(gjson.Result) bool {
	text := scalarText(operand)
	return func(value gjson.Result) bool {
		switch value.Type {
		case gjson.String:
			return (operand.Type == gjson.String || operand.Type == gjson.Number) && value.Str == text
		case gjson.Number:
			if operand.Type == gjson.Number {
				return value.Num == operand.Num
			}
			return operand.Type == gjson.String && decimal(value.Num) == text
		default:
			return value.Type == operand.Type && value.IsBool()
		}
	}
}

func oneOf(operands []gjson.Result) func(gjson.Result) bool {
	questions := make([]func(gjson.Result) bool, len(operands))
	for i, operand := range operands {
		questions[i] = equalTo(operand)
	}
	return func(value gjson.Result) bool {
		for _, holds := range questions {
			if holds(value) {
				return true
			}
		}
		return false
	}
}

func scalarText(value gjson.Result) string {
	if value.Type == gjson.Number {
		return decimal(value.Num)
	}
	return value.Str
}
