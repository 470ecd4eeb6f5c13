// Package unpack gives the texts that stand inside other files: the members of archives, what a compressor made small, the text of
// documents, the rows of a database.
//
// [Find] knows a container by its first bytes, and only where those are shared or missing by its name. [Walk] reads it and gives
// every text in it to a [Visitor], with its [Place]: the names on the way to it, "!" between a container and what is in it. A member
// that is a container itself is walked as well. A compressor around a tar archive is no step of its own: the members of "a.tar.gz"
// are named as those of "a.tar" would be.
//
// Containers come from anywhere, so that nothing in one is trusted:
//
//   - Bounded. [Limits] bounds how deep containers nest, how many members are read, and how many bytes come out: in all, and for
//     each byte that the outermost container has. Dictionaries, directories and whatever else a format makes a reader hold have
//     bounds of their own, stated where they are checked. Reading is streaming; a member that has to be read at will (a zip in a
//     zip) is held in memory up to 8 MiB and then in a temporary file without a name, up to [Limits].Spool.
//   - Complete or told. What cannot be read (cut off, damaged, encrypted, past a limit) is a [Gap] that names the member; reading
//     goes on with what can still be read. Where the bytes of a container are text by themselves (sqlite, pdf, pyc, notebooks) they
//     are given as well, and so are those of any archive that could not be read whole, as far as they can be read again: a parser
//     that fails hides no key. Archives that are known and not read (a cabinet, a disk image) are told in the same way.
//   - Names are names. What a member is called is put into a Place, cleaned of what is not printable and cut to 512 bytes. Nothing is
//     ever written to a path that a container names.
//   - Deterministic. Members come in the order in which the container has them. A [Foreseer] may look into those of a zip archive before.
//   - Prompt. Every read looks at the context.
//
// # Choice of libraries
//
// zip, tar, gzip and bzip2 are the standard library's. zstd, lz4, brotli, xz and rar are read by the libraries that others build on,
// each with a bound on its dictionary. 7z has a reader of its own over an LZMA library: the ones that exist make room for as many
// files as a header claims, four thousand million in eight bytes, which no caller can prevent. SQLite files are read page by page for
// the same reason, and because no SQL of a stranger should run: each page is read at most once, whatever the tree claims. So are PDF
// files, whose libraries panic on damaged ones and follow whatever loop they describe.
package unpack
