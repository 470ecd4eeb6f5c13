// Package source reads the world for package scanner: files, directories, standard input, git repositories and exports.
//
// One file a kind. Each kind registers itself with a [Kind], whose Detect says from the path, the file's information and
// its first bytes how sure it is that the target is its own; [Open] takes the surest. `--source NAME` ([Options].Kind)
// overrides that, and a kind that cannot read what it was forced to answers with a [Mismatch], to which Open adds what
// the target looks like.
//
// What every source promises, and package sourcetest tests:
//
//   - Complete or fail. What should have been read and could not is a *scanner.Gap in the stream, with the thing, the
//     cause and the next command; the source goes on. Only what ends everything (a cancelled context, a target that is
//     gone) is another error, and then the last thing yielded. What is left out on purpose (binary files, ignored files,
//     symbolic links) is counted in Coverage.Skipped under its reason.
//   - Deterministic. The same input gives the same chunks in the same order.
//   - Bounded. A text up to a few MiB is one chunk; a longer one comes in pieces, Chunk.More set on all but the last, each
//     with its own Offset and Line. Buffers are reused: Chunk.Data is valid until the next chunk.
//   - Prompt. A cancelled context ends a source before its next chunk, and leaves no goroutine behind.
//   - Honest places. Location.Path has slashes and is relative to the target for directories and repositories; Offset and
//     Line are those of the chunk's first byte in the file, blob or field.
//
// A git repository is read as objects, never as diffs: everything that its references, stash entries and the HEADs of its
// work trees reach. Every commit is decoded once, every tree once for each path it stands at, and every blob is read once
// however many commits hold it. Commits are visited parents first, so that what a visit meets for the first time is what
// the commit brought in: a merge, too, brings a blob to a path when none of its parents has it there. Of several commits that brought it
// on lines of their own the first visited counts: the one that, with all its ancestors, was there first. Which references hold a key, and whether HEAD still has it, is worked out afterwards for the
// blobs with findings alone (scanner.Placer). What only reflogs reach, or nothing, is
// not history: where packs hold such blobs they are read with the rest, and their keys dropped for want of a place. With
// [Options].Unreachable they are kept, and marked. [Options].Past lets a scan read what is new alone: it reads what the commits bring that no
// reference led to before, reads again the objects in which keys were, and places everything anew, so that the result is that of a scan of everything.
//
// Submodules that are here are read with their whole history, in one another too: checked out, or kept in .git/modules. Their places have the
// path of the submodule before their own, its commits, and for a Repository the submodule's folder. One that is not here is a gap.
//
// go-git reads index and configuration, the git program does where go-git cannot, references are read from their files, and internal/pack
// reads objects. A work tree's file whose content stood at its path in the history is not read a second time.
//
// What commits add ([Staged], [Range]) is the one thing read from git's own listing of changes: which blob a commit brings to which
// path. The blobs are read whole all the same, and findings on lines that stood there before are dropped afterwards
// (scanner.Sifter). The git program answers there for everything, since it runs beside the person's own git.
//
// # Containers
//
// Every source looks into containers (package unpack, [Containers]): archives, compressed files, documents, notebooks, databases. A member is
// a text of its own, whose Path is that of the container, "!" and its name, once more for each container in a container, and whose
// Offset and Line are those in the member; what else a place has (Blob, Commit, …) is the container's. It is there in directories, on standard input, in what is
// staged and in history alike, and history places "a.zip!b" wherever it has a.zip. Where commits change a container, all that is in it
// counts as added. The text of office documents has the view "joined", behind the part that it is from. What cannot be read, or is past a
// limit, is a gap that names the member.
//
// A pointer of Git LFS, in a history, a work tree, a range or what is staged, is such a container where its repository is around: the file
// that it names, if that was fetched, is its member "lfs/" and the pointer's name ("art/logo.psd!lfs/logo.psd"). Those that are not here are
// one gap.
//
// # Exports
//
// An export is a file of records: tickets with their comments, messages, rows of a table. A file of a directory that is
// surely one is read as one. Its places are of another kind than those of other files:
//
//   - Path is the export, Record the ticket or message by the name that its users know, Field the text in it: "description",
//     "comment 5501", "fields.summary", "Comment #2". What a record calls by no name is counted: "record 3", "line 3",
//     "row 3". Field begins with "history " for what a person has since changed or deleted.
//   - Author, Time and URL are those of the comment, or whatever else wrote itself into the record, and else of the record.
//     A time without a zone is taken as UTC. A URL has no query and no fragment of the export's.
//   - Offset and Line count in the field's text, as the format holds it (JSON escapes, XML references and CSV quotes
//     resolved; in XML without the white space before it), and where View is set in that view.
//   - A text longer than 1 MiB comes in parts, each a text of its own under every view, with its Offset and Line in the field.
//     Parts overlap by 64 KiB, so that what is shorter lies whole in one of them. A record longer than 4 MiB is given on
//     before it was read whole; its first fields have what was known of author, time and name by then.
//   - Where the format is broken, the bytes up to where it can be read again, or to the end, are text of the file, with Offset
//     and Line in the file and without Record, after a gap that says where and why.
//
// An export may be an archive of many files (Slack, Confluence, Notion: zip; GitLab, GitHub migrations: tar.gz). A zip archive is known by
// what its members are called, wherever it stands, and what some of them say (who has which id, to which page a comment belongs) is read
// before the others; a tar archive that was named is read twice for it, and one among other files has its files known one by one. Where
// somebody unpacked a Slack or GitLab export into a directory, its people are known there as well. What is no file of records is
// read like any other file, under the record and field that it is attached to where the export says so. A member whose check sum or name
// is not what the directory says is a gap. Names that lead out of the archive are names and no more: such members are read and counted.
//
// A text with a zero byte in its beginning is a text all the same while 63 of 64 bytes are those of one in UTF-8: damage that makes a file
// binary would hide what else it holds. A file that somebody named, and that is called or begins as an export or an archive does without
// being one, is read as text, and is a gap. Any other file that somebody named is searched whatever it is, a program too; among files of a
// directory, those that are no text and no container are left out, and counted.
//
// Views are those of package decode, and three made here, for rules that want more than a value: "named" is a short text
// with the name that the record has for it, "record" are the texts of a record with all their names, and "joined" is the
// text of spans that the format keeps apart. Views of one field follow its text. "record" and "joined" show several fields
// and follow them all: a key seen there is news only if no field of the record showed it.
//
// # Repositories in files
//
// A git bundle is a repository in one file; exports of GitLab hold them, those of GitHub hold bare repositories. Both are
// read, with their whole history, wherever they stand: a bundle that was named is a repository with all that those have;
// one that is met among files or in an archive, and a repository that is packed in one (be it bare or the .git of a work
// tree), has the file's path, "!" and the path in the history for a Path, the file's path for a Repository, and else what
// history has. A bundle that a commit brought has the place of its blob. Objects and references are copied into a folder
// for temporary files, up to 8 GiB in all, and nothing else of what such a repository says is taken over. The git program
// makes the index of a bundle's pack, with limits on its time and memory. Without it a bundle is a gap; one that is
// damaged, cut short or builds on commits that are elsewhere is a gap too, and what can be read of it is read. Such
// sources are io.Closers, which removes the copies.
package source
