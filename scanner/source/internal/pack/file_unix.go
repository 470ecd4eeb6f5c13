//go:build unix

package pack

import "golang.org/x/sys/unix"

// letGo tells the system that the process can do without the pages of a mapped file for now.
func letGo(data []byte) {
	_ = unix.Madvise(data, unix.MADV_DONTNEED) // where the system will not, the pages stay
}
