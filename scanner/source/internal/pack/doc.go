// Package pack reads git objects from their files: loose objects, packs and the alternates of an object directory, for
// SHA-1 and SHA-256 repositories.
//
// [Open] lists what is there and loads the pack indexes; [Store.Object] gives one object. It is written for two needs that
// a general git library does not have. It reads hundreds of thousands of objects in pack order ([Store.Sort]) at the cost
// of their inflation alone: no hash is computed, a delta chain is followed by offset, rebuilt bases stay in a cache of
// bounded size. And it reads repositories that nobody vouches for: every length and offset in them is checked against what
// is there, delta chains and sizes have limits, and damage to one object is an error of that object.
//
// Formats: gitformat-pack(5), gitrepository-layout(5) of git's documentation.
package pack
