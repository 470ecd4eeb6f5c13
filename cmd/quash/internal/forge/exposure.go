package forge

import (
	"strings"

	"github.com/quash-sh/quash/revoker"
)

// Exposure is who can read the repository: everybody where it is public, the operator's people where it is private or internal,
// and those of one machine where it is cloned from a path. Empty where that is not known: a list says nothing of visibility.
func (r Repository) Exposure() revoker.Exposure {
	switch {
	case r.Visibility == "public":
		return revoker.ExposurePublic
	case r.Visibility == "private", r.Visibility == "internal":
		return revoker.ExposureInternal
	case strings.HasPrefix(r.URL, "file:"):
		return revoker.ExposureLocal
	}
	return ""
}
