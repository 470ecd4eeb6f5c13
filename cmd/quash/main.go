// Command quash finds leaked API keys in repositories, commit history and ticket exports, proves with the issuer which are
// live, revokes those, proves that they are dead, and reports what they did while exposed.
package main

import (
	"os"

	"github.com/quash-sh/quash/cmd/quash/internal/cli"
)

func main() {
	easeCollector()
	env := cli.System()
	env.Room = askForHugePages
	os.Exit(cli.Main(env))
}
