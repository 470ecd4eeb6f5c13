package desk

import (
	"slices"
	"time"

	"github.com/quash-sh/quash/revoker"
	"github.com/quash-sh/quash/scanner"
)

// overridden is why an allowed key is reported.
const overridden = "allowed, but its issuer accepts it: an active key overrides an ignore"

// Override is the finding of an allowed key that its issuer accepts, as it is reported.
func Override(f scanner.Finding) scanner.Finding {
	f.Allowed, f.Reasons = false, append(slices.Clip(f.Reasons), overridden)
	return f
}

// FirstExposed is the earliest of the times at which a key came to its places; a place without a time tells nothing.
func FirstExposed(places []scanner.Location) (first time.Time) {
	for _, at := range places {
		if t := at.Time; !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}

// Widest is the widest of two exposures. One that is not known is the narrowest.
func Widest(a, b revoker.Exposure) revoker.Exposure {
	for _, e := range [...]revoker.Exposure{revoker.ExposurePublic, revoker.ExposureInternal, revoker.ExposureLocal} {
		if a == e || b == e {
			return e
		}
	}
	return ""
}
