package records

import "strings"

// jiraWay is the way from an item, or from outside of all, to an element: one for all elements that have it.
type jiraWay struct {
	word    *word
	path    string   // the names of up to deepestWay elements
	history string   // historyPrefix where one of them holds older values
	depth   int      // the number of elements
	part    jiraPart // that the element is or stands in
	inside  map[string]*jiraWay
}

// jiraPart is a part of an item.
type jiraPart uint8

const (
	jiraField jiraPart = iota
	jiraComment
	jiraAttachment
	jiraCustom // a custom field, or what is in it
)

// deepestWay is how many elements are named in a path.
const deepestWay = 8

// jiraWays are the ways that were met. There are few; of a document with many the first maxWords are remembered.
type jiraWays struct {
	root  jiraWay
	known int
}

// into returns the way to an element in another.
func (ws *jiraWays) into(around *jiraWay, name []byte, words *Words) *jiraWay {
	if w := around.inside[string(name)]; w != nil {
		return w
	}
	w := around.next(words.of(name))
	if ws.known < maxWords && len(name) <= 4*maxLabel {
		if around.inside == nil {
			around.inside = map[string]*jiraWay{}
		}
		around.inside[w.word.exact] = w
		ws.known++
	}
	return w
}

// next makes the way to an element.
func (around *jiraWay) next(name *word) *jiraWay {
	w := &jiraWay{word: name, path: name.exact, history: around.history, depth: around.depth + 1}
	switch {
	case around.depth == 1:
		w.path = around.word.name + "/" + name.name
	case around.depth >= deepestWay:
		w.path = around.path
	case around.depth > 1:
		w.path = around.path + "/" + name.name
	}
	if name.history {
		w.history = historyPrefix
	}
	switch {
	case w.path == "comments/comment":
		w.part = jiraComment
	case w.path == "attachments/attachment":
		w.part = jiraAttachment
	case w.path == "customfields/customfield", strings.HasPrefix(w.path, "customfields/customfield/"):
		w.part = jiraCustom
	}
	return w
}
