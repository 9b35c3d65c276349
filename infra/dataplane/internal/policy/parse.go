package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ParseRules reads a JSON list of rules. It is strict, because a rule that is read otherwise than it was meant protects
// nothing: unknown, repeated and missing fields, names in another case and anything after the list are refused. An error
// names the entry, counted from 1.
func ParseRules(text []byte) ([]Rule, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if err := expect(decoder, json.Delim('[')); err != nil {
		return nil, fmt.Errorf("rules must be a JSON list: %w", err)
	}
	rules := []Rule{}
	for decoder.More() {
		rule, err := parseRule(decoder)
		if err == nil {
			err = rule.validate()
		}
		if err != nil {
			return nil, fmt.Errorf("rule %d: %w", len(rules)+1, err)
		}
		rules = append(rules, rule)
	}
	if err := expect(decoder, json.Delim(']')); err != nil {
		return nil, fmt.Errorf("after rule %d: %w", len(rules), err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the list of rules")
	}
	return rules, nil
}

func parseRule(decoder *json.Decoder) (Rule, error) {
	var rule Rule
	if err := expect(decoder, json.Delim('{')); err != nil {
		return rule, fmt.Errorf("must be an object: %w", err)
	}
	fields := map[string]*string{
		"identity": &rule.Identity, "method": &rule.Method, "path": &rule.Path, "effect": &rule.Effect,
	}
	for decoder.More() {
		name, err := text(decoder)
		if err != nil {
			return rule, err
		}
		field, known := fields[name]
		if !known {
			return rule, fmt.Errorf("field %q is unknown or there twice", name)
		}
		delete(fields, name)
		if *field, err = text(decoder); err != nil {
			return rule, fmt.Errorf("%s: %w", name, err)
		}
	}
	return rule, expect(decoder, json.Delim('}'))
}

func expect(decoder *json.Decoder, delimiter json.Delim) error {
	token, err := decoder.Token()
	if err != nil {
		return unexpectedEnd(err)
	}
	if token != delimiter {
		return fmt.Errorf("found %v instead of %v", token, delimiter)
	}
	return nil
}

func text(decoder *json.Decoder) (string, error) {
	token, err := decoder.Token()
	if err != nil {
		return "", unexpectedEnd(err)
	}
	value, isText := token.(string)
	if !isText {
		return "", fmt.Errorf("must be text, got %v", token)
	}
	return value, nil
}

func unexpectedEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
