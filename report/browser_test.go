package report

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
)

// frame is a page that loads the report at two widths, and one with words of 300 letters, and writes down what it sees. Its own image and its own message on the
// console prove that the test would hear of the report's.
const frame = `<!DOCTYPE html><meta charset="utf-8"><img src="https://control.invalid/x.png">
<iframe src="report.html" style="width:360px;height:900px"></iframe><iframe src="report.html" style="width:1400px;height:900px"></iframe>
<iframe src="long.html" style="width:360px;height:900px"></iframe>
<pre></pre><script>
console.error("control message");
function look(frame) {
  const doc = frame.contentDocument, win = frame.contentWindow, touching = [];
  for (const svg of doc.querySelectorAll("svg")) {
    const boxes = [...svg.querySelectorAll("text")].filter(t => t.textContent.trim()).map(t => [t.textContent, t.getBoundingClientRect()]).filter(b => b[1].width > 0);
    boxes.forEach((a, i) => boxes.slice(i + 1).forEach(b => {
      if (a[1].left < b[1].right - 1 && b[1].left < a[1].right - 1 && a[1].top < b[1].bottom - 3 && b[1].top < a[1].bottom - 3) touching.push(a[0] + " / " + b[0]);
    }));
  }
  return {
    Heading: doc.querySelector("h1").innerText, Width: doc.documentElement.scrollWidth, Touching: touching,
    Flat: win.getComputedStyle(doc.querySelector("svg.flat")).display, Upright: win.getComputedStyle(doc.querySelector("svg.upright")).display,
    Back: win.getComputedStyle(doc.body).backgroundColor, Sections: doc.querySelectorAll("section.key").length,
    Asked: asked(win),
  };
}
function asked(win) { return win.performance.getEntriesByType("resource").map(e => e.name).filter(name => !/(report|long)[.]html$/.test(name)); }
window.onload = () => {
  document.querySelector("pre").textContent = JSON.stringify({Asked: asked(window), Pages: [...document.querySelectorAll("iframe")].map(look)});
};
</script>`

// seen is what the frame sees of a report.
type seen struct {
	Heading, Flat, Upright, Back string
	Width, Sections              int
	Touching, Asked              []string
}

// TestBrowser looks at the page in a real browser: it shows the verdict, fits a narrow and a wide window, its labels do not touch,
// it follows light and dark, writes nothing on the console and asks nobody for anything.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("short")
	}
	chromium := browser(t)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"frame.html": frame, "report.html": render(t, "html", Run{Rules: ruleSet(t)}, story()...),
		"long.html": render(t, "html", Run{}, hostile(t, strings.Repeat("w", 300))...),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	light := browse(t, chromium, dir, "1")
	narrow, wide, long := light[0], light[1], light[2]
	for _, s := range light {
		if s.Heading != "1 live key is exposed." || s.Sections != 5 || len(s.Touching) > 0 || len(s.Asked) > 0 {
			t.Errorf("the page shows %+v", s)
		}
	}
	if narrow.Width > 360 || wide.Width > 1400 || long.Width > 360 {
		t.Errorf("the page is %d wide at 360, %d at 1400, and with long words %d at 360", narrow.Width, wide.Width, long.Width)
	}
	if narrow.Flat != "none" || narrow.Upright == "none" || wide.Flat == "none" || wide.Upright != "none" {
		t.Errorf("the wrong time line is shown: %+v, %+v", narrow, wide)
	}
	if dark := browse(t, chromium, dir, "0")[1]; dark.Back == wide.Back {
		t.Errorf("dark looks like light: %s", dark.Back)
	}
}

// browser is a Chromium, without which the test is skipped; where everything must be tested (CI=true) it fails.
func browser(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const why = "no chromium to look at the page with: apt-get install chromium"
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
	return ""
}

// browse loads the frame; scheme is Chromium's number of the preferred colour scheme.
func browse(t *testing.T, chromium, dir, scheme string) []seen {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND",
		"--allow-file-access-from-files", "--user-data-dir="+t.TempDir(), "--enable-logging=stderr", "--blink-settings=preferredColorScheme="+scheme,
		"--virtual-time-budget=5000", "--dump-dom", "file://"+filepath.ToSlash(filepath.Join(dir, "frame.html")))
	var said bytes.Buffer
	cmd.Stderr = &said
	dom, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium: %v\n%s", err, said.String())
	}
	heard := false
	for line := range strings.Lines(said.String()) {
		switch {
		case strings.Contains(line, "control message"):
			heard = true
		case strings.Contains(line, "CONSOLE"):
			t.Errorf("the console says %s", line)
		}
	}
	if !heard {
		t.Error("the frame's own message on the console was not heard")
	}
	return written(t, dom)
}

// written is what the frame wrote down.
func written(t *testing.T, dom []byte) []seen {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(dom))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Data == "pre" && n.FirstChild != nil {
			var all struct {
				Asked []string
				Pages []seen
			}
			if err := json.Unmarshal([]byte(n.FirstChild.Data), &all); err != nil || len(all.Pages) != 3 || len(all.Asked) != 1 {
				t.Fatalf("the frame wrote %q: %v", n.FirstChild.Data, err)
			}
			return all.Pages
		}
	}
	t.Fatalf("the frame wrote nothing:\n%s", dom)
	return nil
}
