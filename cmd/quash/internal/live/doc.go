// Package live reads tickets where they are kept, through the APIs of GitHub and Agiled, and gives them on as a [scanner.Source].
//
// A target is listed in parts, such as the issues of a repository, its releases, its workflow logs. Every record of a page is given on by
// itself, as the export of that kind would hold it ([source.Fetched]), so that a key has the same record, field, author and time wherever
// it was read, and the same offset on whatever page it stood.
//
// # Complete or told
//
// A list changes while it is read. One that can be asked for in the order of change is read by the time of the last record, not by the
// number of the page, so that a record that moves to its end moves nothing else out of sight. Where more records than a page holds have one
// time, numbers are used, and the list is read from there again until nothing in it is fresh. Agiled's lists have pages alone: such a list
// is read again until as many records were seen as it says that it has. Whatever could not be read is a gap: what does not answer, is
// refused, is no longer kept, is cut off, or whose rate limit lasts longer than is waited for.
//
// # What is new
//
// A [State] holds, of each part, the time of the latest change that was seen, and which records changed shortly before. The next run asks
// for what changed since then, less an overlap: a change may become visible after a later one. Of the overlap, what was read is not read
// again. The times are those of the server. A part that had a gap keeps its old state, and is tried again; what the server says is
// gone for good (410) is told once. Releases are read in every run, for their list does not say what changed. All that the runs found is what one run over everything finds.
//
// # Credentials
//
// They come in as functions, and go into the Authorization header of requests to the API's own host ([forge.Access]).
package live
