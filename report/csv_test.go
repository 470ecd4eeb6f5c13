package report

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"
)

// parseCSV reads a table and checks its form.
func parseCSV(t *testing.T, text string) [][]string {
	t.Helper()
	in := csv.NewReader(strings.NewReader(text))
	in.FieldsPerRecord = len(csvColumns)
	rows, err := in.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(rows[0], csvColumns) {
		t.Errorf("the first row is %q", rows[0])
	}
	for _, row := range rows[1:] {
		for _, cell := range row {
			if trimmed := strings.TrimLeft(cell, " \t\r\n"); trimmed != "" && strings.ContainsRune("=+-@＝＋－＠", []rune(trimmed)[0]) {
				t.Errorf("a spreadsheet would compute %q", cell)
			}
		}
	}
	return rows
}

func TestCSV(t *testing.T) {
	rows := parseCSV(t, render(t, "csv", Run{}, story()...))
	if len(rows) != 1+len(findings())+2 {
		t.Fatalf("%d rows", len(rows))
	}
	column := func(row []string, name string) string { return row[slices.Index(csvColumns, name)] }
	if r := rows[1]; column(r, "state") != "active" || column(r, "line") != "3" || column(r, "in_head") != "false" || column(r, "refs") != "main reporting v1.0 v1.1" ||
		column(r, "time") != "2026-10-13T13:57:00Z" {
		t.Errorf("the live key is not first: %q", r)
	}
	if r := rows[len(rows)-1]; r[csvState] != csvIncomplete || column(r, "path") != "submodule vendor/pay" || !strings.Contains(column(r, "note"), "→ git submodule update") {
		t.Errorf("the last row does not tell what was not read: %q", r)
	}
	if rows := parseCSV(t, render(t, "csv", Run{}, config())); len(rows) != 2 || !strings.Contains(column(rows[1], "note"), "cut off") {
		t.Errorf("a run that was cut off: %q", rows)
	}
}

func TestCSVCells(t *testing.T) {
	for in, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1", "  =1": "'  =1", "＝1": "'＝1",
		"a=b": "a=b", "": "", "  ": "  ", "'=": "'=", "src/a.env": "src/a.env",
	} {
		if got := csvCell(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}
