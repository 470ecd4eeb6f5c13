package report

import "testing"

// An organisation job goes on as one: its target is no path.
func TestNextOfAnOrganisationJob(t *testing.T) {
	for want, c := range map[string]Config{
		"quash respond --no-history shop":              {Command: "scan", Options: []string{"--no-history=true"}, Targets: []string{"shop"}},
		"quash org --respond --match='a*' github:acme": {Command: "org", Options: []string{"--match=a*"}, Targets: []string{"github:acme"}},
		"quash org --respond --list=urls.txt":          {Command: "org", Options: []string{"--list=urls.txt"}, Targets: []string{"urls.txt"}},
	} {
		if got := (&summary{document: document{Config: &c}}).command("respond"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// Of several targets a place says which it is in.
func TestTextNamesTheTarget(t *testing.T) {
	one, two := Finding{Target: "shop"}, Finding{Target: "pay"}
	one.Location.Path, two.Location.Path = "a.env", "pay/b.env"
	both := &text{summary: &summary{several: true}}
	alone := &text{summary: &summary{}}
	for want, got := range map[string]string{"shop  a.env": both.where(one), "pay/b.env": both.where(two), "a.env": alone.where(one)} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
