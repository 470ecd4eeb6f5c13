package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// TestManPage: a page says what --help does, and nothing in a text is taken for a request.
func TestManPage(t *testing.T) {
	root := &cobra.Command{Use: "quash", Run: func(*cobra.Command, []string) {}}
	root.PersistentFlags().BoolP("quiet", "q", false, "no notes")
	sub := &cobra.Command{
		Use: "scan [TARGET]", Short: "find keys", Run: root.Run,
		Long: "Scan reads C:\\keys and\n.env files, with --format:\n\n  quash scan .\n\nEXIT STATUS\n  0  nothing found",
	}
	sub.Flags().StringP("format", "f", "text", "`NAME` of a format")
	sub.Flags().String("trace", "", "not for people")
	if err := sub.Flags().MarkHidden("trace"); err != nil {
		t.Fatal(err)
	}
	root.AddCommand(sub)
	_, got, _ := strings.Cut(manPage(sub, "2026-11-23"), "\n")
	want := `.nh
.SH NAME
quash\-scan \- find keys
.SH SYNOPSIS
.B quash scan [TARGET] [flags]
.SH DESCRIPTION
.nf
Scan reads C:\ekeys and
\&.env files, with \-\-format:

  quash scan .

.fi
.SH EXIT STATUS
.nf
  0  nothing found
.fi
.SH OPTIONS
.TP
\fB\-f, \-\-format\fP NAME
NAME of a format (default text)
.TP
\fB\-h, \-\-help\fP
help for scan
.SH OPTIONS OF ALL COMMANDS
.TP
\fB\-q, \-\-quiet\fP
no notes
.SH SEE ALSO
\fBquash\fP(1)
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
