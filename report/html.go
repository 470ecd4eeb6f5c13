package report

import (
	"bufio"
	_ "embed" // for the page
	"errors"
	"fmt"
	"html/template"
	"io"
	"iter"
)

var _ = register("html", FormatFunc(writeHTML), ".html", ".htm")

//go:embed page.html
var pageHTML string

// writeHTML writes one page that needs nothing else: no script, no font, no image, no other file. Package html/template
// escapes every value for its place.
func writeHTML(w io.Writer, run Run, items iter.Seq2[Item, error]) error {
	t, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	s, err := summarize(run, items)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(w)
	if err := errors.Join(t.Execute(b, s.page()), b.Flush()); err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	return nil
}
