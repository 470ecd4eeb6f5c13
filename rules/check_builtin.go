package rules

// CheckBuiltin returns what is wrong with the rules that quash ships under an operator's options, as [CheckFile] does for a
// file: it runs all their proofs. Its problems have no line, since the files' text is not shipped.
func CheckBuiltin(o Options) []Problem {
	files, err := builtinFiles()
	if err != nil {
		return []Problem{{Msg: err.Error()}}
	}
	var problems []Problem
	for i := range files {
		c := &checker{file: files[i].unpack()}
		if c.prepare(o); len(c.problems) == 0 {
			c.run()
		}
		problems = append(problems, c.problems...)
	}
	return problems
}
