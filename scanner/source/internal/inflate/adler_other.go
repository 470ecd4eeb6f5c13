//go:build !amd64

package inflate

// adler is the Adler-32 sum of RFC 1950.
func adler(p []byte) uint32 { return adlerOn(1, 0, p) }
