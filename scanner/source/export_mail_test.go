package source

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/sourcetest"
)

// mailTexts are what the mail of mailText holds, by record, field and view with a "|" between.
const mailText = "From: Ann <ann@acme.example>\r\nMessage-ID: <1@acme.example>\r\nSubject: =?utf-8?q?a=20b?=\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: text/html\r\n\r\none <b>t</b>wo\r\n--b\r\nContent-Disposition: attachment; filename=a.env\r\n\r\nthree\r\n--b--\r\n"

func TestMailConforms(t *testing.T) {
	texts := func(path string) map[string]string {
		all := map[string]string{sourcetest.Name(scanner.Location{Path: path + "!a.env", Record: "1@acme.example", Field: "attachment a.env"}): "three\r\n"}
		for place, text := range map[string]string{
			"From|": "From: Ann <ann@acme.example>\r\n", "From|html-text": "From: Ann \n\r\n", "Message-ID|": "Message-ID: <1@acme.example>\r\n", "Subject|": "Subject: =?utf-8?q?a=20b?=\r\n",
			"Subject|encoded-words": "Subject: a b", "Content-Type|": "Content-Type: multipart/mixed; boundary=b\r\n", "part 1 Content-Type|": "Content-Type: text/html\r\n",
			"part 1 text/html|": "one <b>t</b>wo\r\n", "part 1 text/html|html-text": "one two\r\n", "part 1 text/html|wiki": "one *t*wo\r\n",
			"part 2 Content-Disposition|": "Content-Disposition: attachment; filename=a.env\r\n",
		} {
			field, view, _ := strings.Cut(place, "|")
			all[sourcetest.Name(scanner.Location{Path: path, Record: "1@acme.example", Field: field, View: view})] = text
		}
		return all
	}
	const from = "From ann@acme.example Wed Mar  4 08:12:00 2026\n"
	box := texts("a.mbox")
	box[sourcetest.Name(scanner.Location{Path: "a.mbox", Record: "1@acme.example", Field: "From line"})] = from
	for _, c := range []struct {
		kind, target, file, text string
		texts                    map[string]string
		seen                     map[string]int
	}{
		{"eml", "a.eml", "a.eml", mailText, texts("a.eml"), map[string]int{"files": 1, "records": 1, "attachments": 1}},
		{"mbox", "a.mbox", "a.mbox", from + mailText + "\n", box, map[string]int{"files": 1, "records": 1, "attachments": 1}},
		{"maildir", "Mail", "Mail/cur/1772611920.M1P2.host:2,S", mailText, texts("cur/1772611920.M1P2.host:2,S"), map[string]int{"files": 1, "records": 1, "attachments": 1}},
	} {
		t.Run(c.kind, func(t *testing.T) {
			t.Chdir(t.TempDir())
			for _, dir := range []string{"Mail/cur", "Mail/new", "Mail/tmp"} {
				if err := os.MkdirAll(dir, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(c.file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			sourcetest.Run(t, sourcetest.Case{
				Open: func(t *testing.T) scanner.Source {
					src, err := Open(t.Context(), c.target, Options{Kind: c.kind})
					if err != nil {
						t.Fatal(err)
					}
					return src
				},
				Texts: c.texts, Coverage: scanner.Coverage{Seen: c.seen},
			})
		})
	}
}

// TestFindInMail puts one key into every slot of the samples, as it is and split in the ways of mail: it is found there under the same ID,
// with who wrote it and when.
func TestFindInMail(t *testing.T) {
	const rule = "github-pat"
	set, s := finder(t)
	r, ok := set.Rule(rule)
	if !ok {
		t.Fatalf("no rule %s", rule)
	}
	rnd := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	key := r.Sample(rnd).Token
	for !strings.ContainsAny(key[:9], "0123456789") { // by which what stands before a line's end is known for the beginning of a key
		key = r.Sample(rnd).Token
	}
	id := s.ID(r, scanner.NewSecret(key))
	a, b := key[:9], key[9:]
	coded := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	zipped := func(name, text string) string {
		var buf bytes.Buffer
		w := zip.NewWriter(&buf)
		f, _ := w.Create(name)
		_, _ = f.Write([]byte(text)) // into memory
		_ = w.Close()
		return coded(buf.String())
	}
	const ben, ann, cem = "Ben Cho <ben@acme.example> 2026-03-04T08:12:00Z", "Lee, Ann <ann@acme.example> 2026-03-04T10:01:09Z", "Cem <cem@partner.example> 2026-03-02T07:30:00Z"
	for _, c := range []struct{ name, slot, value, want, who string }{
		{"box.mbox", "subject", strings.ReplaceAll(key, "_", "=5F"), "4711.5501@acme.example|Subject|encoded-words", ben},
		{"box.mbox", "subject", strings.ReplaceAll(a, "_", "=5F") + "?=\n =?utf-8?b?" + coded(b), "4711.5501@acme.example|Subject|encoded-words", ben},
		{"box.mbox", "header", key, "4711.5501@acme.example|X-Agiled-Token|", ben},
		{"box.mbox", "header", a + "\n\t" + b, "4711.5501@acme.example|X-Agiled-Token|lines", ben},
		{"box.mbox", "flowed", key, "4711.5501@acme.example|part 1 text/plain|", ben},
		{"box.mbox", "flowed", "token=" + a + " \n" + b, "4711.5501@acme.example|part 1 text/plain|flowed", ben},
		{"box.mbox", "flowed", ">From " + key, "4711.5501@acme.example|part 1 text/plain|", ben},
		{"box.mbox", "flowed", "token=" + a + "\u200b" + b, "4711.5501@acme.example|part 1 text/plain|visible", ben},
		{"box.mbox", "quoted", key, "4711.5501@acme.example|part 1 text/plain|", ben},
		{"box.mbox", "quoted", "\n> " + a + "\n> " + b + "\n> and", "4711.5501@acme.example|part 1 text/plain|lines", ben},
		{"box.mbox", "quoted-printable", a + "=\n" + b, "4711.5502@acme.example|part 1.1 text/plain|", ann},
		{"box.mbox", "quoted-printable", a[:3] + "=5F" + a[4:] + b, "4711.5502@acme.example|part 1.1 text/plain|", ann},
		{"box.mbox", "html", a + "<b>" + b + "</b>", "4711.5502@acme.example|part 1.2 text/html|html-text", ann},
		{"box.mbox", "html", a[:3] + "&#95;" + a[4:] + b, "4711.5502@acme.example|part 1.2 text/html|html-text", ann},
		{"box.mbox", "attachment", coded("TOKEN=" + key), "4711.5502@acme.example|attachment config.env|", ann},
		{"box.mbox", "attachment", zipped("a.txt", "TOKEN="+key), "4711.5502@acme.example|attachment config.env|", ann},
		{"box.mbox", "attachment", zipped("a.zip", "TOKEN="+key)[:40], "", ""},
		{"box.mbox", "forwarded", key, "4711.5503@acme.example|part 2.1 text/plain|", cem},
		{"mail.eml", "subject", key, "4711.5601@acme.example|Subject|", "Ann Lee <ann@acme.example> 2026-03-06T08:00:00Z"},
		{"mail.eml", "body", key, "4711.5601@acme.example|part 1 text/plain|", "Ann Lee <ann@acme.example> 2026-03-06T08:00:00Z"},
		{"mail.eml", "attachment", key, "4711.5601@acme.example|attachment deploy.sh|", "Ann Lee <ann@acme.example> 2026-03-06T08:00:00Z"},
	} {
		t.Run(c.name+" "+c.slot, func(t *testing.T) {
			src, err := openText(t, c.name, sample(t, c.name, "{{"+c.slot+"}}", c.value), Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			stats, err := s.Scan(t.Context(), src, scanner.SinkFunc(func(_ context.Context, f scanner.Finding) error {
				if f.ID == id {
					at := f.At
					got = append(got, fmt.Sprintf("%s|%s|%s %s <%s> %s", at.Record, at.Field, at.View, at.Author, at.AuthorEmail, at.Time.Format(time.RFC3339)))
				}
				return nil
			}))
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" {
				if stats.Complete() {
					t.Error("a cut attachment leaves no gap")
				}
				return
			}
			if d := cmp.Diff([]string{c.want + " " + c.who}, got); d != "" || !stats.Complete() {
				t.Errorf("(-want +got), gaps %v:\n%s", stats.Gaps, d)
			}
		})
	}
}

// TestDetectMail finds mails among other files, and takes nothing else for one.
func TestDetectMail(t *testing.T) {
	mail := sample(t, "mail.eml")
	mails := map[string]string{
		"box": sample(t, "box.mbox"), "a.EML": mail, "saved.txt": mail, "Inbox/cur/1:2,S": "Subject: x\nTo: a@b.example\n\nx\n",
		"takeout.mbox":  "From 1772611920@xxx Wed Mar 04 08:12:00 +0000 2026\nX-GM-THRID: 1\n\nx\n\n",
		"Inbox.profile": "From - Wed Mar 04 08:12:00 2026\nX-Mozilla-Status: 0001\n\nx\n\n",
		"gmail":         "Delivered-To: a@b.example\nReceived: by 2002:a05 with SMTP id 1;\n\tWed, 4 Mar 2026\nARC-Seal: i=1; b=" + strings.Repeat("x", 5000),
	}
	others := map[string]string{
		"letter.txt":  "From the desk of Ann, Wed Mar 4 2026\n\nDear all,\n",
		"from.txt":    "From here Wed Mar  4 08:12:00 2026 on it is cold\nand dark\n",
		"http.log":    "Date: Wed, 04 Mar 2026 08:12:00 GMT\nServer: nginx\nContent-Type: text/html\n\nx\n",
		"access.txt":  "GET / HTTP/1.1\nHost: acme.example\nFrom: bot@acme.example\nDate: Wed, 04 Mar 2026 08:12:00 GMT\n\n",
		"control":     "Package: quash\nVersion: 1\nMaintainer: Ann <ann@acme.example>\n\n",
		"config.yaml": "from: ann@acme.example\nto: ben@acme.example\nsubject: x\n",
		"notes.eml":   "These are notes.\n",
		"0001.patch":  "From " + strings.Repeat("0", 40) + " Mon Sep 17 00:00:00 2001\nFrom: Ann <ann@acme.example>\nDate: Wed, 4 Mar 2026 08:12:00 +0000\nSubject: [PATCH] x\n\n---\n",
		"received.md": "Received: 5 letters\nFrom: Ann\nDate: 4 March\n\nx\n",
		"empty.eml":   "",
	}
	dir := t.TempDir()
	for _, files := range []map[string]string{mails, others} {
		for name, text := range files {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	src, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	records := map[string]bool{}
	for c, err := range src.Chunks(t.Context()) {
		for c := range c.Apart() {
			if err == nil && c.From.Record != "" {
				path, _, _ := strings.Cut(c.From.Path, "!")
				records[path] = true
			}
		}
	}
	for name := range mails {
		if !records[name] {
			t.Errorf("%s is not read as mail", name)
		}
	}
	for name := range others {
		if records[name] {
			t.Errorf("%s is taken for mail", name)
		}
	}
}

func TestMailErrors(t *testing.T) {
	_, err := openText(t, "a.txt", "hello\n", Options{Kind: "mbox"})
	want := `open "a.txt": not an mbox mail box: it does not begin with a line such as "From ann@acme.example Wed Mar  4 08:12:00 2026" and a header; ` +
		`it looks like a file: leave --source out, or give --source file`
	if err == nil || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	_, err = openText(t, "a.txt", "hello\n", Options{Kind: "maildir"})
	if err == nil || !strings.HasPrefix(err.Error(), `open "a.txt": not a Maildir: it has no directories cur, new and tmp`) {
		t.Errorf("%v", err)
	}
}

// BenchmarkScanMail reads and searches a box of mails of the usual kinds: short ones, replies, HTML, attachments.
func BenchmarkScanMail(b *testing.B) {
	set, s := finder(b)
	_ = set
	text := usualMails(64 << 20)
	path := filepath.Join(b.TempDir(), "box.mbox")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		b.Fatal(err)
	}
	for _, search := range []bool{false, true} {
		b.Run(fmt.Sprintf("search=%v", search), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				src, err := Open(b.Context(), path, Options{})
				if err != nil {
					b.Fatal(err)
				}
				if !search {
					for range src.Chunks(b.Context()) {
					}
					continue
				}
				if _, err := s.Scan(b.Context(), src, scanner.SinkFunc(func(context.Context, scanner.Finding) error { return nil })); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// usualMails makes a box of at least so many bytes. Of them about half are attachments, as in the boxes of people.
func usualMails(size int) []byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("the nightly sync fails since deploy please have a look at order invoice warehouse and tell me when it is done thanks regards meeting tomorrow")
	prose := func(n int, end string) string {
		var b strings.Builder
		for line := 0; b.Len() < n; {
			w := words[rnd.IntN(len(words))]
			b.WriteString(w)
			if line += len(w) + 1; line > 68 {
				b.WriteString(end)
				line = 0
			} else {
				b.WriteByte(' ')
			}
		}
		return b.String()
	}
	blob := func(n int) string {
		raw := make([]byte, n)
		for i := range raw {
			raw[i] = byte(rnd.Uint32())
		}
		raw[0] = 0
		var b strings.Builder
		for line := range slices.Chunk([]byte(base64.StdEncoding.EncodeToString(raw)), 76) {
			b.Write(line)
			b.WriteByte('\n')
		}
		return b.String()
	}
	files := []string{blob(40 << 10), blob(200 << 10)}
	var out bytes.Buffer
	for i := 0; out.Len() < size; i++ {
		fmt.Fprintf(&out, "From ann@acme.example Wed Mar  4 08:12:00 2026\nReturn-Path: <ann@acme.example>\nReceived: from mail%d.acme.example (mail.acme.example [192.0.2.7])\n"+
			"\tby mx.acme.example with ESMTPS id %d; Wed, 4 Mar 2026 09:12:01 +0100 (CET)\nDate: Wed, 4 Mar 2026 09:12:00 +0100\nFrom: Ann Lee <ann@acme.example>\n"+
			"To: Ben <ben@acme.example>\nSubject: %s\nMessage-ID: <%d.%d@acme.example>\nMIME-Version: 1.0\n", i, i, words[i%len(words)], i, i)
		fmt.Fprintf(&out, "Content-Type: multipart/mixed; boundary=\"b%d\"\n\n--b%d\nContent-Type: multipart/alternative; boundary=\"a%d\"\n\n--a%d\n", i, i, i, i)
		fmt.Fprintf(&out, "Content-Type: text/plain; charset=utf-8; format=flowed\n\n%s\n\n> %s\n--a%d\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n",
			prose(3000, " \n"), prose(3000, "\n> "), i)
		fmt.Fprintf(&out, "<html><body style=3D\"font: 12px\"><p>%s</p></body></html>\n--a%d--\n", prose(8000, "=\n"), i)
		if i%8 == 0 {
			fmt.Fprintf(&out, "--b%d\nContent-Type: application/octet-stream; name=\"a.bin\"\nContent-Transfer-Encoding: base64\n\n%s", i, files[i/8%2])
		}
		fmt.Fprintf(&out, "--b%d--\n\n", i)
	}
	return out.Bytes()
}
