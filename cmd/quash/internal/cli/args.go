package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/quash-sh/quash/scanner"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// What is wrong with arguments is said here without repeating them: people paste keys by mistake. pflag's and cobra's own
// errors repeat.

const neverArgument = "a key is given on standard input, never as an argument"

// noArgs refuses arguments. Where there are sub-commands it names the nearest.
func noArgs(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case !cmd.HasAvailableSubCommands():
		return wrong(cmd, "it takes no argument, and "+neverArgument)
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return wrong(cmd, "no such command; did you mean "+strings.Join(near, " or ")+"?")
	}
	return wrong(cmd, "no such command")
}

// someArgs wants between least and most arguments; what names them.
func someArgs(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return wrong(cmd, fmt.Sprintf("%d arguments were given; it takes %s", len(args), what))
		}
		return nil
	}
}

// oneID wants one finding ID.
func oneID(cmd *cobra.Command, args []string) error {
	if err := someArgs(1, 1, "one finding ID, such as q-0123456789abcdef")(cmd, args); err != nil {
		return err
	}
	if _, err := scanner.ParseID(args[0]); err != nil {
		return wrong(cmd, "the argument is "+err.Error()+", and "+neverArgument)
	}
	return nil
}

// maybeID wants at most one finding ID.
func maybeID(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return oneID(cmd, args)
}

// wrong is an error of usage of a command.
func wrong(cmd *cobra.Command, what string) error {
	if _, name, ok := strings.Cut(cmd.CommandPath(), " "); ok {
		what = name + ": " + what
	}
	return usage(errors.New(what + "; see " + cmd.CommandPath() + " --help"))
}

// flagName is how flags are written. What is not of this form is not repeated.
var flagName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[a-z][a-z-]{0,24}$`) })

// flagError words an error of pflag without the value that was given.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var value *pflag.InvalidValueError
	var missing *pflag.ValueRequiredError
	switch {
	case errors.Is(err, pflag.ErrHelp):
		return err
	case errors.As(err, &missing):
		return wrong(cmd, "--"+missing.GetFlag().Name+" needs a value")
	case errors.As(err, &value):
		return wrong(cmd, "--"+value.GetFlag().Name+": not "+wanted(value.GetFlag().Value.Type()))
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() == "" && flagName().MatchString(unknown.GetSpecifiedName()):
		return wrong(cmd, "unknown flag: --"+unknown.GetSpecifiedName())
	}
	return wrong(cmd, "unknown flag")
}

// wanted names a type of flag.
func wanted(flagType string) string {
	switch flagType {
	case "int", "int64":
		return "a number"
	case "duration":
		return "a duration, such as 10m"
	case "stringToString":
		return "NAME=VALUE,NAME=VALUE"
	case "bool":
		return "true or false"
	}
	return "of the form that is wanted"
}
