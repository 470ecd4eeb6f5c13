package source

import (
	"errors"
	"fmt"

	"github.com/quash-sh/quash/scanner"
	"github.com/quash-sh/quash/scanner/source/internal/pack"
)

// maxNamed is how many damaged objects are named one by one.
const maxNamed = 20

// damage gathers objects that could not be read, so that a repository which lacks thousands does not fill the report.
type damage struct {
	partial  bool // of a partial clone, which lacks objects by design
	told     bool // that objects are missing
	named    []*scanner.Gap
	more     int
	promised int // missing in a partial clone
}

// newDamage is the damage of a repository before any was met.
func (r *repository) newDamage() *damage { return &damage{partial: r.partial, told: r.told} }

func (d *damage) add(kind string, id pack.ID, err error) {
	switch {
	case d.told && errors.Is(err, pack.ErrMissing):
	case d.partial && errors.Is(err, pack.ErrMissing):
		d.promised++
	case len(d.named) == maxNamed:
		d.more++
	default:
		next := "git fsck --full, then fetch it from another copy or clone anew"
		d.named = append(d.named, &scanner.Gap{What: kind + " " + id.String(), Why: err.Error(), Next: next, Err: err})
	}
}

// gaps returns what was gathered.
func (d *damage) gaps() []*scanner.Gap {
	gaps := d.named
	if d.promised > 0 {
		gaps = append(gaps, &scanner.Gap{
			What: "partial clone",
			Why:  fmt.Sprintf("%d objects were never fetched", d.promised),
			Next: "git fetch --refetch --no-filter",
			Err:  pack.ErrMissing,
		})
	}
	if d.more > 0 {
		gaps = append(gaps, &scanner.Gap{What: fmt.Sprintf("%d more objects", d.more), Why: "missing or damaged", Next: "git fsck --full"})
	}
	return gaps
}

// err joins the gaps.
func (d *damage) err() error {
	var all []error
	for _, g := range d.gaps() {
		all = append(all, g)
	}
	return errors.Join(all...)
}
