//go:build !unix

package forge

import "os/exec"

// stop ends git.
func stop(cmd *exec.Cmd) error { return cmd.Process.Kill() }
