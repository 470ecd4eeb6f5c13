package records

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// mailOf is a mail with headers and a body, as programs send it.
func mailOf(lines ...string) string { return strings.Join(lines, "\r\n") + "\r\n" }

const mailHeaders = "From: Ben Cho <ben@acme.example>\r\nTo: ops@acme.example\r\nSubject: Sync\r\nDate: Wed, 4 Mar 2026 09:12:00 +0100 (CET)\r\n" +
	"Message-ID: <4711.5501@acme.example>\r\nMIME-Version: 1.0"

// TestMailSplitKeys splits a key in the ways in which mail does.
func TestMailSplitKeys(t *testing.T) {
	key := sampleKey()
	a, b, c := key[:12], key[12:25], key[25:]
	dash := a + "=" + b
	word := func(s string) string { return "=?UTF-8?B?" + base64.StdEncoding.EncodeToString([]byte(s)) + "?=" }
	wrapped := func(s string) string {
		s = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 60) + " " + s + " and more"))
		return s[:76] + "\r\n" + s[76:]
	}
	part := func(head ...string) string { return mailHeaders + "\r\n" + strings.Join(head, "\r\n") }
	for _, s := range []struct{ name, text, whole, field, view string }{
		{"as it is", mailOf(part(), key), key, "part 1 text/plain", ""},
		{"a header", mailOf(part("X-Api-Key: "+key), "", "x"), key, "X-Api-Key", ""},
		{"words of a header", mailOf(part("Subject: "+word(a), " "+word(b), "\t=?utf-8?q?"+c+"?="), "", "x"), key, "Subject", viewWords},
		{"a word without padding", mailOf(part("X-Key: "+strings.TrimRight(word(a+"xx"), "?=")+"?="), "", "x"), a + "xx", "X-Key", viewWords},
		{"words that split a group of base64", mailOf(part("Subject: "+word(key)[:30]+"?= "+"=?UTF-8?B?"+word(key)[30:], "", "x")), key, "Subject", viewWords},
		{"a word of UTF-16", mailOf(part("Subject: =?UTF-16LE?B?"+base64.StdEncoding.EncodeToString([]byte(utf16Text(key)[2:]))+"?="), "", "x"), key, "Subject", viewWords},
		{"a soft line break", mailOf(part("Content-Transfer-Encoding: quoted-printable"), "", a+"=", b+"=  ", c), key, "part 1 text/plain", ""},
		{"an escaped =", mailOf(part("Content-Transfer-Encoding: Quoted-Printable"), "", a+"=3D"+b), dash, "part 1 text/plain", ""},
		{"no quoted-printable after all", mailOf(part("Content-Transfer-Encoding: quoted-printable"), "", "x=41"+key), "x=41" + key, "part 1 text/plain", ""},
		{"base64", mailOf(part("Content-Transfer-Encoding: base64"), "", wrapped(key)), key, "part 1 text/plain", ""},
		{"text below base64", mailOf(part("Content-Transfer-Encoding: base64"), "", wrapped("x"), "-- ", key), key, "part 1 text/plain", ""},
		{"text in place of base64", mailOf(part("Content-Transfer-Encoding: base64"), "", key), key, "part 1 text/plain", ""},
		{"digits in place of base64", mailOf(part("Content-Transfer-Encoding: base64"), "", key[4:]), key[4:], "part 1 text/plain", ""},
		{"flowed lines", mailOf(part("Content-Type: text/plain; format=flowed"), "", "TOKEN="+a+" ", b+" ", c), "TOKEN=" + key, "part 1 text/plain", viewFlowed},
		{"flowed lines of a reply", mailOf(part(`Content-Type: text/plain; format="flowed"; delsp=yes`), "", ">> "+a+" ", ">> "+b+c), key, "part 1 text/plain", viewFlowed},
		{"tags", mailOf(part("Content-Type: text/html"), "", "<p>"+a+"<b>"+b+"</b>"+c+"</p>"), key, "part 1 text/html", "html-text"},
		{"an entity", mailOf(part("Content-Type: text/html"), "", "<p>"+a+"&#61;"+b+"</p>"), dash, "part 1 text/html", "html-text"},
		{"a zero-width space", mailOf(part("Content-Type: text/plain; charset=utf-8"), "", a+"\u200b"+b+c), key, "part 1 text/plain", "visible"},
		{"UTF-16", mailOf(part("Content-Type: text/plain; charset=utf-16", "Content-Transfer-Encoding: base64"), "", base64.StdEncoding.EncodeToString([]byte(utf16Text(key)))), key, "part 1 text/plain", ""},
		{"UTF-16 that is none", mailOf(part("Content-Type: text/plain; charset=utf-16"), "", key), key, "part 1 text/plain", ""},
		{"ISO-2022-JP", mailOf(part("Content-Type: text/plain; charset=iso-2022-jp"), "", "\x1b$B\x23g\x23h\x23p\x1b(B"+key[3:]), key, "part 1 text/plain", "visible"},
		{"a From line", mailOf(part(), "", ">From "+key), key, "part 1 text/plain", ""},
		{"a name in parts", mailOf(part("Content-Disposition: attachment; filename*0="+a+";", " filename*1="+b+c), "", "x"), key, "Content-Disposition", viewWords},
		{"a part", mailOf(part("Content-Type: multipart/mixed; boundary=\"b1\"", "", "--b1", "Content-Type: multipart/alternative;", " boundary=b2", "", "--b2", "", "x", "--b2", "Content-Type: text/html", "", key, "--b2--", "--b1--")), key, "part 1.2 text/html", ""},
		{"a mail in a mail", mailOf(part("Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: message/rfc822", "", "Subject: "+key, "", "x", "--b--")), key, "part 1 Subject", ""},
		{"a part of a mail in a mail", mailOf(part("Content-Type: message/rfc822", "Content-Transfer-Encoding: base64", "", base64.StdEncoding.EncodeToString([]byte("Subject: x\r\n\r\n"+key+"\r\n")))), key, "part 1.1 text/plain", ""},
		{"before parts", mailOf(part("Content-Type: multipart/mixed; boundary=b", "", key, "--b", "", "x", "--b--")), key, "part 1 before its parts", ""},
		{"behind parts", mailOf(part("Content-Type: multipart/mixed; boundary=b", "", "--b", "", "x", "--b--", key)), key, "part 1 behind its parts", ""},
		{"an attachment", mailOf(part("Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: application/octet-stream; name=config.env", "Content-Transfer-Encoding: base64", "", wrapped(key), "--b--")), key, "attachment config.env", ""},
	} {
		for _, f := range []*Format{&eml, &mbox} {
			text := s.text
			if f == &mbox {
				text = "From ben@acme.example Wed Mar  4 08:12:00 2026\n" + strings.ReplaceAll(text, "\r\n", "\n") + "\n"
			}
			all := readAs(t, f, strings.NewReader(text))
			if gaps := gapsOf(all); len(gaps) > 0 {
				t.Errorf("%s in %s: %v", s.name, f.Name, gaps[0])
			}
			got := find(t, all, s.whole)
			if got.Record != "4711.5501@acme.example" || got.Field != s.field || got.View != s.view || got.AuthorEmail != "ben@acme.example" {
				t.Errorf("%s in %s: found in %q %q under the view %q", s.name, f.Name, got.Record, got.Field, got.View)
			}
		}
	}
}

// mailBegin is the beginning of a message in a box.
const mailBegin = "From ben@acme.example Wed Mar  4 08:12:00 2026\nFrom: Ben Cho <ben@acme.example>\nDate: Wed, 4 Mar 2026 09:12:00 +0100\n"

// TestBrokenMail reads what can be read of a broken mail, and says what cannot.
func TestBrokenMail(t *testing.T) {
	key := sampleKey()
	deep := mailHeaders + "\r\n"
	for i := range deepestPart + 5 {
		deep += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	multipart := mailHeaders + "\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
	for _, c := range []struct{ name, text, why string }{
		{"no boundary is named", mailOf(mailHeaders, "Content-Type: multipart/mixed", "", "--b", "", key), "part 1 has parts and does not say what parts them, in message 1"},
		{"no boundary comes", multipart + key + "\r\n", "inside part 1 of message 1: 0 records were read"},
		{"no end", multipart + "--b\r\n\r\n" + key + "\r\n", "inside part 1 of message 1"},
		{"no end inside", multipart + "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n" + key + "\r\n--b--\r\n", "part 1 has no end, in message 1"},
		{"too deep", deep + "\r\n" + key, "part 1.1.1.1.1.1"},
		{"a header only", mailHeaders + "\r\nX-Key: " + key, "inside the header of message 1"},
		{"shorter than it says", mailOf(mailHeaders, "Content-Length: 1000", "", key), "inside the body of message 1"},
		{"half a line", mailOf(mailHeaders, "", "x") + key, "inside message 1"},
		{"base64 that ends inside", multipart + "--b\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJDREVGR\r\n--b--\r\n" + key, "part 1 ends inside of its base64"},
		{"a parameter too long", mailOf(mailHeaders, "Content-Type: text/plain; x="+strings.Repeat("x", maxValue), "", key), "header Content-Type is too long to be decoded"},
		{"too much that is not base64", mailOf(mailHeaders, "Content-Transfer-Encoding: base64", "", "QUJD", strings.Repeat("no base64!\r\n", 10000), key), "part 1 text/plain is not encoded as it says"},
	} {
		all := readAs(t, &eml, strings.NewReader(c.text))
		gaps := gapsOf(all)
		if len(gaps) == 0 || !strings.Contains(gaps[0].Why, c.why) {
			t.Errorf("%s: %v, want %s", c.name, gaps, c.why)
		}
		if c.name != "too much that is not base64" {
			find(t, all, key)
		}
	}
}

// TestLongMailText finds keys wherever a long text is parted, with the line that they are in.
func TestLongMailText(t *testing.T) {
	key := sampleKey()
	line := strings.Repeat("x", 62) + "\r\n"
	for _, at := range []int{fieldSize - 64, fieldSize - fieldOverlap, fieldSize - 20, fieldSize + 64} {
		n := at / len(line)
		text := mailOf(mailHeaders, "", strings.Repeat(line, n)+"k "+key, strings.Repeat(line, 2000))
		got := find(t, readAs(t, &eml, strings.NewReader(text)), key)
		if lines := got.Line + strings.Count(got.text[:strings.Index(got.text, key)], "\n"); lines != n+1 || len(got.text) > fieldSize {
			t.Errorf("at %d: line %d, want %d", at, lines, n+1)
		}
	}
}

// tnefOf writes a winmail.dat with attributes: an id and a value each.
func tnefOf(attributes ...any) []byte {
	b := binary.LittleEndian.AppendUint32(nil, tnefSignature)
	b = append(b, 1, 0)
	for i := 0; i < len(attributes); i += 2 {
		value := []byte(attributes[i+1].(string))
		b = binary.LittleEndian.AppendUint32(append(b, 1), uint32(attributes[i].(int)))
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(value))), value...)
		b = append(b, 0, 0)
	}
	return b
}

// mapiOf writes one MAPI property of any length behind a number and a named one.
func mapiOf(kind, id uint16, value string) string {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, 3)
	b = le.AppendUint32(b, 0x0E080003) // a number
	b = le.AppendUint32(b, 7)
	b = append(le.AppendUint32(b, 0x80010003), make([]byte, 16)...) // a number with a name
	b = le.AppendUint32(b, 1)
	b = append(le.AppendUint32(b, 6), "n\x00m\x00\x00\x00\x00\x00"...)
	b = le.AppendUint32(b, 7)
	b = le.AppendUint32(b, uint32(id)<<16|uint32(kind))
	b = le.AppendUint32(le.AppendUint32(b, 1), uint32(len(value)))
	return string(append(append(b, value...), make([]byte, -len(value)&3)...))
}

// rtfOf compresses RTF in the simplest way: with nothing but letters, and one reference back to "pard" in the words that it begins with.
func rtfOf(text string) string {
	le := binary.LittleEndian
	b := le.AppendUint32(le.AppendUint32(nil, 0), uint32(len(text)))
	b = le.AppendUint32(le.AppendUint32(b, rtfCompressed), 0)
	at := strings.Index(rtfWords, `pard`)
	b = append(b, 2, '\\', byte(at>>4), byte(at<<4)|2) // "\" and then four bytes
	b = append(b, " {\\b1 "...)
	for part := range slices.Chunk([]byte(text), 8) {
		b = append(append(b, 0), part...)
	}
	return string(b)
}

func TestWinmail(t *testing.T) {
	key := sampleKey()
	a, b := key[:12], key[12:]
	for _, c := range []struct {
		name        string
		file        []byte
		field, view string
	}{
		{"subject", tnefOf(tnefSubject, key+"\x00"), "part 1 winmail.dat subject", ""},
		{"body", tnefOf(tnefBody, key+"\x00"), "part 1 winmail.dat body", ""},
		{"attachment", tnefOf(tnefAttachment, "x", tnefData, key, tnefTitle, "a.env\x00"), "attachment a.env", ""},
		{"long name", tnefOf(tnefAttachment, "x", tnefTitle, "A~1.ENV\x00", tnefData, key, tnefAttProps, mapiOf(mapiUnicode, mapiLongName, utf16Text("long.env\x00")[2:])), "attachment long.env", ""},
		{"second attachment", tnefOf(tnefAttachment, "x", tnefData, "y", tnefAttachment, "x", tnefData, key), "attachment winmail.dat 2", ""},
		{"html", tnefOf(tnefProps, mapiOf(mapiBinary, 0x1013, "<p>"+a+"<b>"+b+"</b></p>")), "part 1 winmail.dat html", "html-text"},
		{"text property", tnefOf(tnefProps, mapiOf(mapiUnicode, 0x0070, utf16Text(key)[2:])), "part 1 winmail.dat property 0070", ""},
		{"rtf", tnefOf(tnefProps, mapiOf(mapiBinary, mapiRTF, rtfOf(a+`\b0 `+b+"}"))), "part 1 winmail.dat rtf text", ""},
	} {
		coded := base64.StdEncoding.EncodeToString(c.file)
		all := readAs(t, &eml, strings.NewReader(mailOf(mailHeaders, "Content-Type: application/ms-tnef; name=winmail.dat", "Content-Transfer-Encoding: base64", "", coded)))
		if gaps := gapsOf(all); len(gaps) > 0 {
			t.Errorf("%s: %v", c.name, gaps[0])
		}
		if got := find(t, all, key); got.Field != c.field || got.View != c.view {
			t.Errorf("%s: found in %q under the view %q", c.name, got.Field, got.View)
		}
		cut := base64.StdEncoding.EncodeToString(c.file[:len(c.file)-3])
		if gaps := gapsOf(readAs(t, &eml, strings.NewReader(mailOf(mailHeaders, "Content-Type: application/ms-tnef", "Content-Transfer-Encoding: base64", "", cut)))); len(gaps) != 1 {
			t.Errorf("%s: a file that was cut gives %v", c.name, gaps)
		}
	}
}

func FuzzWinmail(f *testing.F) {
	f.Add(tnefOf(tnefBody, "x", tnefProps, mapiOf(mapiBinary, mapiRTF, rtfOf("abc}")), tnefAttachment, "x", tnefData, "y"))
	f.Fuzz(func(t *testing.T, file []byte) {
		coded := base64.StdEncoding.EncodeToString(file)
		readAs(t, &eml, strings.NewReader(mailOf(mailHeaders, "Content-Type: application/ms-tnef", "Content-Transfer-Encoding: base64", "", coded)))
	})
}

func TestMailTime(t *testing.T) {
	want := time.Date(2026, 3, 4, 8, 12, 0, 0, time.UTC)
	for _, s := range []string{
		"Wed, 4 Mar 2026 09:12:00 +0100 (CET)", "Wed, 04 Mar 2026 08:12:00 GMT", "4 Mar 2026 08:12 +0000", "Wed, 4 Mar 26 03:12:00 EST", "Wed, 4 Mar 2026 09:12:00 +0100 (Central European Standard Time)",
		"Wed,  4 Mar 2026 00:12:00 -0800 (PST)",
	} {
		if got, ok := mailTime(s); !ok || !got.Equal(want) {
			t.Errorf("%q is %v, %v", s, got, ok)
		}
	}
	for _, s := range []string{"", "now", "Wed, 4 Mar 0026 08:12:00 GMT"} {
		if got, ok := mailTime(s); ok {
			t.Errorf("%q is taken for %v", s, got)
		}
	}
}

func TestMessageNames(t *testing.T) {
	key := sampleKey()
	for value, want := range map[string]string{
		"<4711.5501@acme.example>": "4711.5501@acme.example", " <a@b> (x)": "a@b", "<" + key + "@acme.example>": "", "<" + key + "@mail.gmail.com>": "",
		"<CA" + strings.Repeat("a1", 25) + "@mail.gmail.com>": "CA" + strings.Repeat("a1", 25) + "@mail.gmail.com", "": "",
	} {
		if got := messageID(value); got != want {
			t.Errorf("%d bytes become %d, want %d", len(value), len(got), len(want))
		}
	}
}
