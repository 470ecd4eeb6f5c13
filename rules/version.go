package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"slices"
	"strings"
)

// computeDigest names the content of a file as it was read: comments, layout and what is not set make no difference.
func (f *File) computeDigest() string { return digest(withoutZeros(reflect.ValueOf(*f))) }

// digest names a value by its JSON.
func digest(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("rules: content cannot be written as JSON: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// withoutZeros copies a value of our types as maps, lists and scalars, and leaves out the fields that are zero.
func withoutZeros(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Struct:
		fields := make(map[string]any)
		for f, value := range v.Fields() {
			if f.IsExported() && !value.IsZero() {
				fields[f.Name] = withoutZeros(value)
			}
		}
		return fields
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = withoutZeros(v.Index(i))
		}
		return list
	case reflect.Map:
		entries := make(map[string]any, v.Len())
		for key, value := range v.Seq2() {
			entries[key.String()] = withoutZeros(value)
		}
		return entries
	case reflect.Pointer:
		return withoutZeros(v.Elem())
	}
	return v.Interface()
}

// version names the content of a file and its vars, which the operator may have replaced.
func (f *File) version() string { return f.digest + " " + digest(f.Vars) }

// computeVersion names the content of a set.
func (s *Set) computeVersion() string {
	var lines []string
	for _, h := range s.files {
		lines = append(lines, h.version)
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:8])
}
