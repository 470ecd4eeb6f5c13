// Package forge covers all repositories of an organisation: it lists them, keeps a bare mirror of each, and scans what
// changed since the last time.
//
// Three parts, each of which can be used alone:
//
//   - [GitHub] lists repositories through the forge's API. It authenticates with a token or as an installation of an App
//     ([App]), and waits out rate limits. [ParseList] reads a file of clone URLs instead; a [Filter] leaves repositories out.
//   - [Mirrors] are bare repositories in a cache directory. A mirror is made and brought up to date by the git program, and
//     by go-git where there is none.
//   - [Sweep] takes repositories, some at a time, and gives the findings of each: read now, or remembered from the scan of
//     the very same references.
//
// # What a nightly run costs
//
// Every repository costs one request, which lists the references of the remote. Beside the mirror lies a small file with
// what the last complete scan found, and under which references, rules and options ([State]). Where all of these are the same
// nothing is fetched and nothing is read; the mirror need not even be there. Where the references alone differ, what is new is
// fetched, and only the objects that came in since are read, with those that hold a key: all places are worked out anew, so
// the result is that of a scan of everything ([source.Past]). A scan that could not see everything is not remembered, so the next
// run tries again; one that lacked no more than what Git LFS keeps elsewhere is, and the next run tells of that again.
//
// # Killed at any moment
//
// There is no state of a run, only that of each repository, and it is replaced by a rename after its scan was complete. A run
// that follows a killed one therefore goes on where that one was. What a killed fetch leaves behind (lock files, half a
// pack) is taken away under the mirror's own lock, which the git program inherits: it lasts as long as any process that
// the killed run started still writes to the mirror. A mirror that is damaged all the same is made anew.
//
// # Credentials
//
// A token is asked for when it is needed and goes into the Authorization header of requests to the forge's own hosts,
// over TLS or to loopback. The git program gets it by GIT_CONFIG_* variables of its environment: it stands in no argument, no
// URL, no configuration file and no log. Redirects are not followed with it.
//
// A fetch that does not get on is left, and with it every program that git has started: what the server says is not taken for getting on.
//
// Nothing that a mirror or the user's git configuration names is run: hooks, file system monitor, credential helpers and
// includes are off, and only the transports of clone URLs are allowed. ssh finds its keys as it always does and asks nobody.
package forge
